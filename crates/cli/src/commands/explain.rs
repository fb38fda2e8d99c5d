use crate::{
    args::SomeRun,
    failure::{Code, Result},
    project, report,
    session::Session,
};

pub(crate) async fn explain(session: &Session<'_>, args: &SomeRun) -> Result<Code> {
    let (client, run) = match &args.run {
        Some(run) => project::run(session, run).await?,
        None => project::newest(session).await?,
    };
    let next = report::next(session, &session.project(), &run);
    if session.is_json() {
        session.json(&report::document(&run, &next))?;
        return Ok(Code::Ok);
    }
    let paint = session.paint();
    let mut page = report::headline(&run, session.now(), paint);
    page += &report::causes(&client, &run, session.columns(), paint).await;
    page += &report::effects(&run, paint);
    page += &report::waiting(&client, &run, paint).await;
    page += &report::commands(&next);
    session.page(&page)?;
    Ok(Code::Ok)
}
