use super::*;
use crate::supplies::Supplies;
use gofer_core::id::RunId;
use uuid::Uuid;

fn ready(shelf: &Arc<Shelf>, id: &str) {
    let era = lock(&shelf.stock).era;
    drop(Lease::of(shelf, era, id.to_owned()));
}

fn promise(shelf: &Arc<Shelf>) -> Option<Receiver<Lease>> {
    match coming(shelf)? {
        Home::Promised(id, promised) => (id == "a").then_some(promised),
        _ => None,
    }
}

fn awaited() -> Arc<Shelf> {
    let shelf = Arc::<Shelf>::default();
    lock(&shelf.stock).coming = Some("a".to_owned());
    shelf
}

#[test]
fn one_that_is_coming_is_promised_once_and_given_to_whom_it_was_promised() {
    let shelf = awaited();
    let mut promised = promise(&shelf).unwrap();
    assert!(promise(&shelf).is_none(), "to somebody already");
    ready(&shelf, "a");
    let lease = promised.try_recv().unwrap();
    assert_eq!(lease.id(), Some("a"));
    assert!(take(&shelf).is_none(), "it is in use");
    drop(lease);
    assert!(take(&shelf).is_some(), "given back");
}

#[test]
fn one_whose_promise_nobody_waits_for_any_more_is_there_for_others() {
    let shelf = awaited();
    drop(promise(&shelf).unwrap());
    let second = promise(&shelf);
    assert!(second.is_some(), "it is free again");
    drop(second);
    ready(&shelf, "a");
    assert!(take(&shelf).is_some());
}

#[test]
fn of_a_run_that_is_over_none_is_given_and_whoever_waits_hears_so() {
    let shelf = awaited();
    let mut promised = promise(&shelf).unwrap();
    lock(&shelf.stock).released = true;
    ready(&shelf, "a");
    assert!(promised.try_recv().is_err());
    assert!(take(&shelf).is_none());
}

#[test]
fn an_engine_that_was_started_anew_has_none_of_what_was_coming() {
    let supplies = Supplies::new(String::new());
    let run = RunId(Uuid::nil());
    let shelf = supplies.of(run);
    lock(&shelf.stock).coming = Some("a".to_owned());
    let mut promised = promise(&shelf).unwrap();
    let lease = Lease::of(&shelf, 0, "b".to_owned());
    supplies.forget();
    assert!(promised.try_recv().is_err());
    assert!(promise(&shelf).is_none());
    drop(lease);
    assert!(take(&shelf).is_none(), "of the life before");
}
