//! What a user's file comes to.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad;
mod forms;
mod limits;
mod on_disk;

use gofer_config::{Format, Reading, Source};

fn source(format: Format, text: &str) -> Source {
    let name = match format {
        Format::Toml => "gofer.toml",
        Format::Yaml => "gofer.yaml",
        Format::Json => "gofer.json",
    };
    Source {
        name: name.to_owned(),
        text: text.to_owned(),
        format,
    }
}

fn read(format: Format, text: &str) -> Reading {
    gofer_config::read(&source(format, text))
}
