//! The README's first command: a real pipeline in real containers.

use crate::{engine, image, shell};
use anyhow::Result;

pub(crate) fn run(args: &[String]) -> Result<()> {
    shell::run("cargo", &["build", "--release", "--package", "gofer"])?;
    engine::ensure()?;
    image::demo()?;
    let gofer = shell::target().join("release/gofer");
    let example = args.first().map_or("etl", String::as_str);
    let file = format!("examples/{example}/gofer.toml");
    shell::say(&format!("\n{example}: {file}\n"));
    shell::run(&gofer.to_string_lossy(), &["run", &file])?;
    shell::say(&format!(
        "\nThe binary is {}. Try also:\n  {0} runs\n  {0} explain {example}/latest\n  {0} init --list",
        gofer.display()
    ));
    Ok(())
}
