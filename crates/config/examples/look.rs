fn main() {
    let one = std::env::args().nth(1).as_deref() == Some("--one");
    for path in std::env::args().skip(1).filter(|a| !a.starts_with("--")) {
        match gofer_config::load(std::path::Path::new(&path)) {
            Err(e) => println!("{path}: {e}"),
            Ok(l) => {
                if !one {
                    print!(
                        "{}",
                        gofer_config::render(&l.source, &l.reading.findings, false)
                    );
                }
                print!("{}", gofer_config::one_line(&l.source, &l.reading.findings));
            }
        }
    }
}
