//! What other processes ask of runs that this one drives.

use crate::{driven::Driven, message::Message, pauses::Pauses};
use std::{sync::Arc, time::Duration};

/// How often the store is asked without a knock.
const LOOK: Duration = Duration::from_secs(1);

/// Looks for requests for as long as a run is driven.
pub(crate) async fn watch(driven: Arc<Driven>) {
    let clock = Arc::clone(&driven.parts.clock);
    let mut pauses = Pauses::of_disk();
    while !driven.may_stop_watching() {
        let found = driven.parts.store.requests().await;
        let pause = match found {
            Ok(requests) => {
                for request in requests {
                    if let Some(context) = driven.find(request.run) {
                        context.send(Message::Request(request));
                    }
                }
                pauses = Pauses::of_disk();
                LOOK
            }
            Err(error) => {
                tracing::debug!(%error, "cannot look for requests");
                pauses.next()
            }
        };
        tokio::select! {
            biased;
            () = driven.draining.cancelled() => return,
            () = driven.knocks.notified() => {}
            () = clock.sleep(pause) => {}
        }
    }
}
