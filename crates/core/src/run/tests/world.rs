//! A world in which containers do what a script says, on a clock that jumps.

mod look;

use crate::{
    container,
    id::RunId,
    name::OutputKey,
    plan::Plan,
    run::{Book, Effect, Ending, Event, Exit, Identity, Key, Origin, Outcome, Run, RunStop, Step},
};
use jiff::{Timestamp, ToSpan};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What a container does.
#[derive(Clone, Debug)]
pub(super) struct Does {
    ending: Ending,
    outputs: Result<BTreeMap<OutputKey, String>, String>,
    /// `None`: until it is stopped.
    takes: Option<Duration>,
}

pub(super) fn exits(code: i32) -> Does {
    let exit = Exit {
        at: Timestamp::UNIX_EPOCH,
        code,
        out_of_memory: false,
        engine_restarted: false,
        stopped_outside: false,
        bad_command: None,
    };
    Does::ends(Ending::Exited(exit))
}

pub(super) fn writes(outputs: &[(&str, &str)]) -> Does {
    let outputs = outputs
        .iter()
        .map(|(key, value)| (key.parse().unwrap(), (*value).to_owned()))
        .collect();
    Does {
        outputs: Ok(outputs),
        ..exits(0)
    }
}

pub(super) fn hangs() -> Does {
    Does {
        takes: None,
        ..exits(143)
    }
}

impl Does {
    pub(super) fn ends(ending: Ending) -> Self {
        Self {
            ending,
            outputs: Ok(BTreeMap::new()),
            takes: Some(Duration::from_secs(1)),
        }
    }

    pub(super) fn bad_outputs(why: &str) -> Self {
        Self {
            outputs: Err(why.to_owned()),
            ..exits(0)
        }
    }

    pub(super) fn takes(self, secs: u64) -> Self {
        Self {
            takes: Some(Duration::from_secs(secs)),
            ..self
        }
    }

    pub(super) fn also_writes(self, outputs: &[(&str, &str)]) -> Self {
        Self {
            outputs: writes(outputs).outputs,
            ..self
        }
    }
}

/// One start of a container.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) key: Key,
    pub(super) at: Timestamp,
    pub(super) container: container::Attempt,
}

pub(super) struct World {
    pub(super) book: Book,
    pub(super) now: Timestamp,
    pub(super) begun: Vec<Begun>,
    pub(super) called: Vec<Key>,
    pub(super) calls_cancelled: Vec<(Key, u32)>,
    /// Called pipelines that do not end before they are told three times.
    deaf: BTreeSet<String>,
    pub(super) stops: Vec<(Key, Duration)>,
    script: BTreeMap<String, Vec<Does>>,
    children: BTreeMap<String, (Outcome, BTreeMap<String, String>)>,
    coming: BTreeMap<(Timestamp, u64), Event>,
    going: BTreeMap<(Key, u32), Does>,
    order: u64,
    most_live: BTreeMap<String, usize>,
}

pub(super) fn start() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

pub(super) fn plan(pipeline: Json) -> Plan {
    let mut pipeline = pipeline;
    pipeline["name"] = "p".into();
    if pipeline.get("defaults").is_none() {
        pipeline["defaults"] = serde_json::json!({ "image": "busybox" });
    }
    Plan::new(serde_json::from_value(pipeline).unwrap()).unwrap()
}

impl World {
    pub(super) fn new(pipeline: Json) -> Self {
        Self::with_params(pipeline, &[])
    }

    pub(super) fn with_params(pipeline: Json, params: &[(&str, &str)]) -> Self {
        let plan = Arc::new(plan(pipeline));
        let now = start();
        let (run, _) = Run::new(&plan, now);
        let identity = Identity {
            run: RunId(uuid::Uuid::from_u128(7)),
            namespace: "default".parse().unwrap(),
            version: 3,
            number: 42,
        };
        let params = params
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), (*v).to_owned()))
            .collect();
        let origin = Origin {
            trigger: "manual".to_owned(),
            scheduled_at: now.to_string(),
            params,
            mounts: Vec::new(),
            partial: None,
            calls: crate::run::Calls::default(),
        };
        let book = Book::restore(plan, identity, origin, run);
        Self {
            book,
            now,
            begun: Vec::new(),
            called: Vec::new(),
            calls_cancelled: Vec::new(),
            deaf: BTreeSet::new(),
            stops: Vec::new(),
            script: BTreeMap::new(),
            children: BTreeMap::new(),
            coming: BTreeMap::new(),
            going: BTreeMap::new(),
            order: 0,
            most_live: BTreeMap::new(),
        }
    }

    /// Attempts of `unit` (`task` or `task/item`) do these, the last one again and again.
    pub(super) fn script(mut self, unit: &str, does: impl Into<Vec<Does>>) -> Self {
        self.script.insert(unit.to_owned(), does.into());
        self
    }

    pub(super) fn child(mut self, task: &str, outcome: Outcome, outputs: &[(&str, &str)]) -> Self {
        let outputs = outputs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        self.children.insert(task.to_owned(), (outcome, outputs));
        self
    }

    pub(super) fn deaf(mut self, task: &str) -> Self {
        self.deaf.insert(task.to_owned());
        self
    }

    pub(super) fn admit(&mut self) -> &mut Self {
        self.send(&Event::Admitted);
        self
    }

    /// Runs to the end.
    pub(super) fn run(mut self) -> Self {
        self.admit();
        self.finish();
        self
    }

    pub(super) fn finish(&mut self) {
        while self.step() {}
        assert!(
            self.book.run().head.state.is_over(),
            "nothing will ever happen: {:#?}",
            self.book.run()
        );
    }

    /// Goes on to `secs` after the start.
    pub(super) fn until(&mut self, secs: i64) -> &mut Self {
        let to = start() + secs.seconds();
        while self.next_at().is_some_and(|at| at <= to) && self.step() {}
        self.now = to;
        self
    }

    pub(super) fn cancel(&mut self) -> &mut Self {
        self.send(&Event::Cancel(RunStop::Person));
        self
    }

    fn next_at(&self) -> Option<Timestamp> {
        let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
        [coming, self.book.due()].into_iter().flatten().min()
    }

    fn step(&mut self) -> bool {
        if self.book.run().head.state.is_over() {
            return false;
        }
        let Some(at) = self.next_at() else {
            return false;
        };
        self.now = self.now.max(at);
        let coming = self.coming.first_key_value().map(|(key, _)| *key);
        match coming.filter(|(at, _)| *at <= self.now) {
            Some(key) => {
                let event = self.coming.remove(&key).unwrap();
                self.send(&event);
            }
            None => self.send(&Event::Tick),
        }
        true
    }

    pub(super) fn send(&mut self, event: &Event) {
        let step = self.book.apply(event, self.now).unwrap();
        self.check(&step);
        for effect in step.effects {
            self.carry_out(effect);
        }
    }

    fn later(&mut self, wait: Duration, event: Event) {
        self.order += 1;
        self.coming.insert((self.now + wait, self.order), event);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Start {
                key,
                attempt,
                container,
            } => {
                let (at, container) = (self.now, *container);
                self.begun.push(Begun {
                    key: key.clone(),
                    at,
                    container,
                });
                self.start(key, attempt);
            }
            Effect::Stop {
                key,
                attempt,
                grace,
            } => {
                self.stops.push((key.clone(), grace));
                self.stop(key, attempt);
            }
            Effect::Remove { key, attempt } => {
                self.going.remove(&(key.clone(), attempt));
                if !self.book.run().head.state.is_over() {
                    self.later(Duration::ZERO, Event::Removed { key, attempt });
                }
            }
            Effect::Keep { key, attempt } => {
                self.going.remove(&(key, attempt));
            }
            Effect::Call { key, attempt, .. } => {
                self.called.push(key.clone());
                self.later(Duration::ZERO, self.started(&key, attempt, None));
                if let Some((outcome, outputs)) = self.children.get(key.task.as_str()).cloned() {
                    let ended = child_ended(key, attempt, outcome, outputs);
                    self.later(Duration::from_secs(1), ended);
                }
            }
            Effect::CancelCall {
                key,
                attempt,
                times,
            } => {
                self.calls_cancelled.push((key.clone(), times));
                if self.deaf.contains(key.task.as_str()) && times < 3 {
                    return;
                }
                let ended = child_ended(key, attempt, Outcome::Cancelled, BTreeMap::new());
                self.later(Duration::from_secs(1), ended);
            }
            Effect::Finish => {}
        }
    }

    fn started(&self, key: &Key, attempt: u32, image: Option<String>) -> Event {
        let (key, at) = (key.clone(), self.now);
        Event::Started {
            key,
            attempt,
            at,
            image,
            service_images: BTreeMap::new(),
            node: None,
        }
    }

    fn start(&mut self, key: Key, attempt: u32) {
        let does = self.does(&key, attempt);
        self.later(
            Duration::ZERO,
            Event::Created {
                key: key.clone(),
                attempt,
                container: "c".to_owned(),
            },
        );
        if !matches!(
            does.ending,
            Ending::NotStarted(..) | Ending::CannotStart(..)
        ) {
            let image = Some("busybox@sha256:1".to_owned());
            self.later(Duration::ZERO, self.started(&key, attempt, image));
        }
        if let Some(takes) = does.takes {
            let (ending, outputs) = (does.ending.clone(), does.outputs.clone());
            self.later(
                takes,
                Event::Ended {
                    key: key.clone(),
                    attempt,
                    ending,
                    outputs,
                    artifacts: Ok(None),
                },
            );
        }
        self.going.insert((key, attempt), does);
    }

    fn stop(&mut self, key: Key, attempt: u32) {
        let is_end = |event: &Event| matches!(event, Event::Ended { key: k, attempt: a, .. } if *k == key && *a == attempt);
        self.coming.retain(|_, event| !is_end(event));
        let Some(does) = self.going.get(&(key.clone(), attempt)).cloned() else {
            return;
        };
        let (ending, outputs) = (does.ending, does.outputs);
        let event = Event::Ended {
            key,
            attempt,
            ending,
            outputs,
            artifacts: Ok(None),
        };
        self.later(Duration::from_millis(75), event);
    }

    fn does(&self, key: &Key, attempt: u32) -> Does {
        let of_item = key.item.map(|item| format!("{}/{item}", key.task));
        let script = of_item
            .and_then(|name| self.script.get(&name))
            .or_else(|| self.script.get(key.task.as_str()));
        let nth = attempt as usize - 1;
        script
            .and_then(|script| script.get(nth).or(script.last()))
            .cloned()
            .unwrap_or_else(|| exits(0))
    }

    /// What must hold after every event.
    fn check(&mut self, step: &Step) {
        let book = &self.book;
        let again = Book::restore(
            Arc::clone(book.plan()),
            book.identity().clone(),
            book.origin().clone(),
            book.run().clone(),
        );
        assert_eq!(
            format!("{:?}", again.pending),
            format!("{:?}", book.pending),
            "pending"
        );
        assert_eq!(again.queue, book.queue, "queue");
        assert_eq!(again.timers, book.timers, "timers");
        assert_eq!(again.kept, book.kept, "kept");
        assert_eq!(
            (again.live, &again.live_in),
            (book.live, &book.live_in),
            "places"
        );
        assert_eq!(
            (again.open, again.open_finally),
            (book.open, book.open_finally),
            "open"
        );
        assert_eq!(again.open_items, book.open_items, "open items");
        let unique: BTreeSet<_> = step.units.iter().collect();
        assert_eq!(
            unique.len(),
            step.units.len(),
            "a unit is named once in a step"
        );
        for (task, said) in book.run().tasks.iter().zip(&book.plan().tasks) {
            let live = std::iter::once(&task.own)
                .chain(&task.items)
                .filter(|u| !u.attempts.is_empty() && u.state.is_live())
                .count();
            let most = self.most_live.entry(said.name.to_string()).or_default();
            *most = live.max(*most);
        }
    }

    pub(super) fn most_live(&self, task: &str) -> usize {
        self.most_live.get(task).copied().unwrap_or(0)
    }
}

fn child_ended(
    key: Key,
    attempt: u32,
    outcome: Outcome,
    outputs: BTreeMap<String, String>,
) -> Event {
    Event::ChildEnded {
        key,
        attempt,
        outcome,
        child: "child/7".to_owned(),
        why: (outcome == Outcome::Failed).then(|| "x ended as failed".to_owned()),
        outputs,
    }
}

pub(super) fn key(name: &str) -> Key {
    let (task, item) = match name.split_once('/') {
        Some((task, item)) => (task, Some(item.parse().unwrap())),
        None => (name, None),
    };
    Key {
        task: task.parse().unwrap(),
        item,
    }
}

impl World {
    /// Cancels until nothing is left.
    pub(super) fn finish_all(&mut self) {
        while !self.book.run().head.state.is_over() {
            if self.coming.is_empty() {
                self.cancel();
            }
            self.step();
        }
    }
}
