use crate::{
    args::OneRun,
    failure::{Code, Result},
    project,
    session::Session,
};

pub(crate) async fn cancel(session: &Session<'_>, args: &OneRun) -> Result<Code> {
    let (client, run) = project::run(session, &args.run).await?;
    if run.state.is_over() {
        session.note(format_args!(
            "{} is over already: {}",
            run.reference(),
            run.state
        ));
        if session.is_json() {
            session.json(&run)?;
        }
        return Ok(Code::Ok);
    }
    let run = client.cancel(run.id).await?;
    if session.is_json() {
        session.json(&run)?;
    } else if session.common.quiet {
        session.print(format_args!("{}\n", run.id))?;
    } else {
        let name = run.reference();
        session.print(format_args!("asked {name} to stop; finally tasks, where it has some, still run, and a second `gofer cancel {name}` stops them too\n"))?;
    }
    Ok(Code::Ok)
}
