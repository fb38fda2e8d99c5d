//! Reading the event stream, and connecting again whenever it ends.

use super::{Backoff, LONGEST, Presence, generation, past::Past};
use crate::{
    engine::{Brand, Engine},
    labels, remedy,
};
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};

/// Longer than a service takes to answer that has work to do.
const ANSWER: Duration = Duration::from_secs(10);

/// Reads the event stream until we close, and connects again whenever it breaks.
pub(crate) async fn attend(engine: Arc<Engine>) {
    let closing = engine.closing.clone();
    tokio::select! {
        biased;
        () = closing.cancelled() => {}
        () = attending(&engine) => {}
    }
}

async fn attending(engine: &Engine) {
    // The first container may be quicker than our subscription: ask for what was just before.
    let mut past = Past::until(engine.clock.now());
    let mut backoff = Backoff::new();
    loop {
        let begun = engine.clock.moment();
        let words = listen(engine, &mut past).await;
        if engine.clock.moment().0.saturating_sub(begun.0) > LONGEST {
            backoff = Backoff::new();
        }
        if engine.brand == Brand::Podman && is_there(engine).await {
            // It ends every stream when it begins its file of events anew.
            tracing::debug!(words, "the engine's event stream ended");
            backoff.pause(engine).await;
            continue;
        }
        tracing::warn!(words, "the engine's event stream broke");
        engine
            .link
            .presence
            .send_modify(|presence| presence.answering = false);
        let generation = knock(engine).await;
        engine.link.presence.send_modify(|presence| {
            if presence.generation != generation {
                engine.supplies.forget();
            }
            *presence = Presence {
                answering: true,
                generation,
            };
        });
        tracing::info!("the engine answers again");
    }
}

/// Whether the engine answers, though its event stream ended.
async fn is_there(engine: &Engine) -> bool {
    tokio::select! {
        biased;
        answer = generation(&engine.docker, engine.brand) => answer.is_ok(),
        () = engine.clock.sleep(ANSWER) => false,
    }
}

async fn knock(engine: &Engine) -> Option<String> {
    let mut backoff = Backoff::new();
    loop {
        match generation(&engine.docker, engine.brand).await {
            Ok(generation) => return generation,
            Err(_) => backoff.pause(engine).await,
        }
    }
}

async fn listen(engine: &Engine, past: &mut Past) -> String {
    let filters: [(&str, Vec<String>); 2] = [
        ("type", vec!["container".to_owned()]),
        ("label", vec![format!("{}={}", labels::STORE, engine.store)]),
    ];
    let since = past.since();
    let from = format!("{}.{:09}", since.as_second(), since.subsec_nanosecond());
    let options = EventsOptionsBuilder::new()
        .since(&from)
        .filters(&filters.into())
        .build();
    let mut events = std::pin::pin!(engine.docker.events(Some(options)));
    loop {
        match events.next().await {
            None => return "it ended".to_owned(),
            Some(Err(error)) => return remedy::chain(&error),
            Some(Ok(event)) => {
                if past.is_new(&event) {
                    engine.link.tell(&event);
                }
            }
        }
    }
}
