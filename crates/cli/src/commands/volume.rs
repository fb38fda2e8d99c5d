use crate::{
    args::{VolumeCommand, VolumeDelete},
    ask,
    failure::{Code, Failure, Result},
    session::Session,
    table::Table,
    text,
};
use gofer_core::suggest;
use gofer_sdk::types::Volume;

pub(crate) async fn volume(session: &Session<'_>, command: Option<&VolumeCommand>) -> Result<Code> {
    match command {
        None | Some(VolumeCommand::List) => list(session).await,
        Some(VolumeCommand::Delete(args)) => delete(session, args).await,
    }
}

fn name(volume: &Volume) -> String {
    format!("{}/{}", volume.pipeline, volume.name)
}

async fn list(session: &Session<'_>) -> Result<Code> {
    let volumes = session.reader().await?.volumes().await?;
    if session.is_json() {
        session.json(&volumes)?;
    } else if session.common.quiet {
        let names = volumes.iter().map(name);
        session.print(text::lines(names))?;
    } else if volumes.is_empty() {
        session.note("no volume is kept; one with `persistent = NAME` in a pipeline is");
    } else {
        let mut table = Table::new(&[("VOLUME", 9), ("SIZE", 8)]);
        for volume in &volumes {
            let size = volume.bytes.map_or(String::new(), text::bytes);
            table.row(vec![name(volume).into(), size.into()]);
        }
        session.print(table.render(session.columns(), session.paint()))?;
    }
    Ok(Code::Ok)
}

async fn delete(session: &Session<'_>, args: &VolumeDelete) -> Result<Code> {
    let client = session.reader().await?;
    let volumes = client.volumes().await?;
    let is_it = |volume: &&Volume| volume.name == args.name || name(volume) == args.name;
    let found: Vec<&Volume> = volumes.iter().filter(is_it).collect();
    let volume = match found.as_slice() {
        [volume] => *volume,
        [] => {
            let known: Vec<String> = volumes.iter().map(name).collect();
            let meant = suggest::or_list(&args.name, known.iter().map(String::as_str));
            return Err(Failure::new(format!(
                "no volume `{}` is kept{meant}",
                args.name
            )));
        }
        several => {
            let names: Vec<String> = several.iter().map(|volume| name(volume)).collect();
            let message = format!("{} could be {}", args.name, text::list(&names));
            return Err(Failure::usage(message));
        }
    };
    let question = format!("Delete volume {} and all that is in it?", name(volume));
    if !ask::is_sure(session, &question, args.yes)? {
        session.note("nothing was deleted");
        return Ok(Code::Cancelled);
    }
    client
        .delete_volume(&volume.namespace, &volume.pipeline, &volume.name)
        .await?;
    if session.is_json() {
        session.json(volume)?;
    } else if session.common.quiet {
        session.print(format_args!("{}\n", name(volume)))?;
    } else {
        session.print(format_args!("deleted {}\n", name(volume)))?;
    }
    Ok(Code::Ok)
}
