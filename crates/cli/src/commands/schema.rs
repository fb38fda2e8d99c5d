use crate::{
    args::Schema,
    failure::{Code, Failure, Result},
    session::Session,
};

pub(crate) fn schema(session: &Session<'_>, args: &Schema) -> Result<Code> {
    let Some(path) = &args.path else {
        session.json(&gofer_config::schema())?;
        return Ok(Code::Ok);
    };
    match gofer_config::explain(path) {
        Some(text) if session.is_json() => {
            session.json(&serde_json::json!({ "path": path, "text": text }))?;
        }
        Some(text) => session.page(&format!("{}\n", text.trim_end()))?,
        None => {
            return Err(Failure::usage(format!("the file has no key `{path}`"))
                .with_remedy("`gofer schema \"\"` lists the keys at the top, `gofer schema tasks` those of a task"));
        }
    }
    Ok(Code::Ok)
}
