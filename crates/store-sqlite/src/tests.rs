use crate::statements;

#[test]
fn every_statement_fits_the_migrated_schema() {
    let mut db = rusqlite::Connection::open_in_memory().unwrap();
    crate::open::migrate(&mut db).unwrap();
    for (name, sql) in statements::ALL {
        if let Err(error) = db.prepare(sql) {
            panic!("{name}: {error}\n{sql}");
        }
    }
}
