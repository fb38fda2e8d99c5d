//! Prints the API's OpenAPI document; `cargo xtask docs` keeps it.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(gofer_api::openapi_json().as_bytes())
}
