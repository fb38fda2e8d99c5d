//! Small values that a pipeline keeps beyond its runs.

use crate::{
    args::{Object, ObjectCommand},
    failure::{Code, Failure, Result},
    host::Need,
    session::Session,
    table::Table,
    text, time,
};
use gofer_core::suggest;
use gofer_sdk::{
    Client,
    types::{PutObject, StoredObject},
};
use std::io::{Read, Write};

pub(crate) async fn object(session: &Session<'_>, args: &Object) -> Result<Code> {
    let namespace = "default";
    match &args.command {
        ObjectCommand::List { pipeline } => {
            let client = session.reader().await?;
            list(session, &client, pipeline).await
        }
        ObjectCommand::Get { pipeline, key } => {
            let client = session.reader().await?;
            get(session, &client, pipeline, key).await
        }
        ObjectCommand::Put {
            pipeline,
            key,
            value,
        } => {
            let value = match value.as_str() {
                "-" => standard_input()?,
                value => value.to_owned(),
            };
            // One that only looks may look at nothing, and would keep nothing.
            let project = session.project();
            let client = session.host.client(Need::Drive, &project).await?;
            let object = PutObject { value };
            let put = client.put_object(namespace, pipeline, key, &object);
            let stored = put.await?;
            if session.is_json() {
                session.json(&stored)?;
            }
            Ok(Code::Ok)
        }
        ObjectCommand::Delete { pipeline, key } => {
            let client = session.reader().await?;
            client.delete_object(namespace, pipeline, key).await?;
            Ok(Code::Ok)
        }
    }
}

fn standard_input() -> Result<String> {
    let mut value = String::new();
    std::io::stdin().read_to_string(&mut value)?;
    Ok(value)
}

async fn list(session: &Session<'_>, client: &Client, pipeline: &str) -> Result<Code> {
    let objects = client.objects("default", pipeline).await?;
    if session.is_json() {
        session.json(&objects)?;
    } else if session.common.quiet {
        session.print(text::lines(objects.iter().map(|it| it.key.clone())))?;
    } else if objects.is_empty() {
        session.note(format_args!(
            "{pipeline} keeps no objects: a task names the outputs to keep in `objects`"
        ));
    } else {
        session.page(&render(session, &objects))?;
    }
    Ok(Code::Ok)
}

fn render(session: &Session<'_>, objects: &[StoredObject]) -> String {
    let mut table = Table::new(&[("KEY", 9), ("UPDATED", 6), ("VALUE", 8)]);
    for object in objects {
        let value = text::cut(&text::safe(object.value.as_bytes()), 100);
        let updated = time::when(object.updated_at, session.now(), session.common.utc);
        table.row(vec![
            object.key.clone().into(),
            updated.into(),
            value.into(),
        ]);
    }
    table.render(session.columns(), session.paint())
}

async fn get(session: &Session<'_>, client: &Client, pipeline: &str, key: &str) -> Result<Code> {
    let objects = client.objects("default", pipeline).await?;
    let Some(object) = objects.iter().find(|object| object.key == key) else {
        let meant = suggest::or_list(key, objects.iter().map(|object| object.key.as_str()));
        return Err(Failure::new(format!(
            "{pipeline} keeps no object `{key}`{meant}"
        )));
    };
    if session.is_json() {
        session.json(object)?;
    } else {
        let mut out = session.host.stdout();
        out.write_all(object.value.as_bytes())?;
        out.flush()?;
    }
    Ok(Code::Ok)
}
