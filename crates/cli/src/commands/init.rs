use crate::{
    args::Init,
    failure::{Code, Failure, Result},
    paint::Hue,
    session::Session,
    table::Table,
    text,
};
use gofer_core::suggest;
use std::{fs, io::Write, path::Path};

/// A pipeline to start from, as it lies in the folder `examples`.
struct Example {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! example {
    ($name:literal: $($file:literal),*) => {
        Example {
            name: $name,
            files: &[$(($file, include_str!(concat!("../../../../examples/", $name, "/", $file)))),*],
        }
    };
}

const EXAMPLES: &[Example] = &[
    example!("hello": "gofer.toml", "README.md"),
    example!("etl": "gofer.toml", "README.md"),
    example!("diamond": "gofer.toml", "README.md"),
    example!("matrix": "gofer.toml", "README.md"),
    example!("matrix-except": "gofer.toml", "README.md"),
    example!("loop-records": "gofer.toml", "README.md"),
    example!("shards": "gofer.toml", "README.md"),
    example!("collect": "gofer.toml", "README.md"),
    example!("map-reduce": "gofer.toml", "README.md"),
    example!("conditions": "gofer.toml", "README.md"),
    example!("route": "gofer.toml", "README.md"),
    example!("default-values": "gofer.toml", "README.md"),
    example!("exit-codes": "gofer.toml", "README.md"),
    example!("failure-handling": "gofer.toml", "README.md"),
    example!("retry": "gofer.toml", "README.md"),
    example!("timeouts": "gofer.toml", "README.md"),
    example!("at-the-end": "gofer.toml", "README.md"),
    example!("params-and-secrets": "gofer.toml", "README.md", "secrets.env"),
    example!("typed-params": "gofer.toml", "README.md"),
    example!("mutex": "gofer.toml", "README.md"),
    example!("artifacts": "gofer.toml", "README.md"),
    example!("volumes": "gofer.toml", "README.md"),
    example!("objects": "gofer.toml", "README.md"),
    example!("sidecar": "gofer.toml", "README.md"),
    example!("calling": "gofer.toml", "load-day.toml", "README.md"),
    example!("loop-body": "gofer.toml", "region.toml", "README.md"),
    example!("from-a-program": "gofer.config.py", "README.md"),
    example!("from-the-original": "gofer.json", "README.md", "secrets.env"),
];

impl Example {
    /// The sentence below the title of its README.
    fn about(&self) -> &'static str {
        let readme = self.files.iter().find(|(name, _)| *name == "README.md");
        readme
            .and_then(|(_, text)| text.lines().nth(1))
            .unwrap_or_default()
    }
}

pub(crate) fn init(session: &Session<'_>, args: &Init) -> Result<Code> {
    if args.list {
        return list(session);
    }
    let files: &[(&str, &str)] = match &args.example {
        Some(name) => find(name)?.files,
        None if args.yaml => &[("gofer.yaml", include_str!("../init/gofer.yaml"))],
        None if args.json => &[("gofer.json", include_str!("../init/gofer.json"))],
        None => &[("gofer.toml", include_str!("../init/gofer.toml"))],
    };
    let folder = session.here.join(&args.folder);
    refuse_to_overwrite(&folder, &args.folder, files)?;
    write(&folder, files)?;
    let main = args
        .folder
        .join(files.first().map_or("gofer.toml", |(name, _)| *name));
    let main = main
        .strip_prefix(".")
        .unwrap_or(&main)
        .display()
        .to_string();
    if session.is_json() {
        session.json(&serde_json::json!({ "file": main }))?;
    } else if session.common.quiet {
        session.print(format_args!("{main}\n"))?;
    } else {
        session.print(format_args!("wrote {main}\n"))?;
        let next = session.command(&folder, "run");
        session.note(format_args!(
            "  check it  {}\n  run it    {next}",
            session.command(&folder, "validate")
        ));
    }
    Ok(Code::Ok)
}

fn list(session: &Session<'_>) -> Result<Code> {
    if session.is_json() {
        let all: Vec<_> = EXAMPLES
            .iter()
            .map(|example| serde_json::json!({ "name": example.name, "about": example.about() }))
            .collect();
        session.json(&all)?;
        return Ok(Code::Ok);
    }
    if session.common.quiet {
        let names = text::lines(EXAMPLES.iter().map(|example| example.name.to_owned()));
        session.print(names)?;
        return Ok(Code::Ok);
    }
    let mut table = Table::new(&[("EXAMPLE", 9), ("WHAT IT SHOWS", 5)]);
    for example in EXAMPLES {
        table.row(vec![
            crate::table::Cell(example.name.into(), Hue::Strong),
            example.about().into(),
        ]);
    }
    session.print(table.render(session.columns(), session.paint()))?;
    session.note("\ncopy one with `gofer init --example NAME DIR`");
    Ok(Code::Ok)
}

fn find(name: &str) -> Result<&'static Example> {
    EXAMPLES
        .iter()
        .find(|example| example.name == name)
        .ok_or_else(|| {
            let meant = suggest::or_list(name, EXAMPLES.iter().map(|example| example.name));
            Failure::usage(format!("there is no example `{name}`{meant}"))
                .with_remedy("`gofer init --list` says what each one shows")
        })
}

/// A second pipeline file in a folder would make `gofer run` ask which one is meant.
fn refuse_to_overwrite(folder: &Path, shown: &Path, files: &[(&str, &str)]) -> Result<()> {
    let pipelines = [
        "gofer.toml",
        "gofer.yaml",
        "gofer.yml",
        "gofer.json",
        "gofer.config.py",
    ];
    let there: Vec<&str> = pipelines
        .into_iter()
        .chain(files.iter().map(|(name, _)| *name))
        .filter(|name| folder.join(name).symlink_metadata().is_ok())
        .collect();
    match there.first() {
        None => Ok(()),
        Some(name) => {
            let file = shown.join(name);
            let file = file.strip_prefix(".").unwrap_or(&file);
            Err(Failure::new(format!(
                "{} is already there; nothing was written",
                file.display()
            ))
            .with_remedy("name another folder: gofer init DIR"))
        }
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::new(format!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for (name, content) in files {
        let path = folder.join(name);
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path);
        file.and_then(|mut file| file.write_all(content.as_bytes()))
            .map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_config::{Format, Source, read};
    use gofer_core::problem::Severity;

    fn problems(name: &str, text: &str) -> Vec<String> {
        let format = match name {
            name if name.ends_with("yaml") => Format::Yaml,
            name if name.ends_with("json") => Format::Json,
            _ => Format::Toml,
        };
        let reading = read(&Source {
            name: name.into(),
            text: text.into(),
            format,
        });
        reading
            .findings
            .iter()
            // What the examples about conditions and about the original are there to show.
            .filter(|finding| finding.severity != Severity::Note)
            .map(|finding| finding.message.clone())
            .collect()
    }

    #[test]
    fn every_example_is_a_good_pipeline_with_a_line_about_it() {
        for example in EXAMPLES {
            let pipelines = example
                .files
                .iter()
                .filter(|(name, _)| ["toml", "json"].iter().any(|ending| name.ends_with(ending)));
            for (name, text) in pipelines {
                let found = problems(name, text);
                assert_eq!(found, Vec::<String>::new(), "{}/{name}", example.name);
            }
            assert!(example.about().ends_with('.'), "{}", example.name);
        }
    }

    #[test]
    fn every_folder_of_examples_can_be_had_whole() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
        let mut there = Vec::new();
        for folder in fs::read_dir(root).unwrap() {
            let folder = folder.unwrap();
            for file in fs::read_dir(folder.path()).unwrap() {
                let name = [folder.file_name(), file.unwrap().file_name()];
                there.push(name.map(|name| name.into_string().unwrap()).join("/"));
            }
        }
        let files = |example: &'static Example| {
            (example.files.iter()).map(move |(file, _)| format!("{}/{file}", example.name))
        };
        let mut known: Vec<String> = EXAMPLES.iter().flat_map(files).collect();
        there.sort();
        known.sort();
        assert_eq!(known, there);
    }

    #[test]
    fn what_init_writes_is_one_pipeline_in_three_forms() {
        let read = |format, text: &str| {
            let source = Source {
                name: String::new(),
                text: text.into(),
                format,
            };
            let reading = read(&source);
            assert_eq!(reading.findings, vec![]);
            let mut pipeline = reading.pipeline.unwrap();
            // JSON has no comments, so there they are descriptions.
            for task in pipeline.tasks.values_mut() {
                task.description = None;
                task.container.script = None;
            }
            for param in pipeline.params.values_mut() {
                param.description = None;
            }
            pipeline
        };
        let toml = read(Format::Toml, include_str!("../init/gofer.toml"));
        assert_eq!(toml, read(Format::Yaml, include_str!("../init/gofer.yaml")));
        assert_eq!(toml, read(Format::Json, include_str!("../init/gofer.json")));
    }
}
