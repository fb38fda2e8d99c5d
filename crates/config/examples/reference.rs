//! Prints what is generated from the table of keys: `reference` for the manual's page, `schema`
//! for the JSON Schema. `cargo xtask docs` keeps both.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let text = match std::env::args().nth(1).as_deref() {
        Some("schema") => format!("{:#}\n", gofer_config::schema()),
        _ => gofer_config::reference_markdown(),
    };
    io::stdout().write_all(text.as_bytes())
}
