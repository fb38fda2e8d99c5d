use super::*;

fn id(task: &str, item: Option<u32>, number: u32) -> AttemptId {
    AttemptId {
        run: RunId(uuid::Uuid::from_u128(7)),
        task: task.parse().unwrap(),
        item,
        number,
    }
}

const STORE_ID: StoreId = StoreId(uuid::Uuid::from_u128(1));

fn marks(id: &AttemptId) -> HashMap<String, String> {
    let chosen = [
        ("team".to_owned(), "data".to_owned()),
        (STORE.to_owned(), "forged".to_owned()),
    ];
    Marks {
        store: STORE_ID,
        id,
        epoch: Epoch(3),
        pipeline: "default/etl",
        number: 12,
        chosen: &chosen,
    }
    .labels()
}

#[test]
fn labels_come_back_as_the_attempt_they_were_made_for() {
    for id in [id("load", None, 1), id("load", Some(0), 2)] {
        let labels = marks(&id);
        assert_eq!(labels["team"], "data");
        let ours = read(&labels, STORE_ID, "x", true).unwrap();
        assert_eq!((ours.attempt, ours.epoch), (Some(id), Some(Epoch(3))));
    }
}

#[test]
fn another_stores_things_and_things_with_a_label_missing_are_not_ours() {
    let whole = marks(&id("load", None, 1));
    assert_eq!(
        read(&whole, StoreId(uuid::Uuid::from_u128(2)), "x", true),
        None
    );
    for key in [
        STORE, RUN, TASK, ITEM, ATTEMPT, EPOCH, ROLE, PIPELINE, NUMBER,
    ] {
        let mut less = whole.clone();
        less.remove(key);
        assert_eq!(read(&less, STORE_ID, "x", true), None, "without {key}");
    }
}

#[test]
fn two_attempts_never_share_a_name() {
    let names = [
        attempt_name(STORE_ID, &id("a", None, 1)),
        attempt_name(STORE_ID, &id("a", None, 11)),
        attempt_name(STORE_ID, &id("a", Some(1), 1)),
        attempt_name(STORE_ID, &id("a1", None, 1)),
        attempt_name(StoreId(uuid::Uuid::from_u128(2)), &id("a", None, 1)),
    ];
    let different: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(names.iter().all(|name| name.len() < 63), "{names:?}");
}
