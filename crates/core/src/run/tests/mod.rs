//! Sentences of language.md §3 on the rule book, and what must hold after every event.

mod again;
mod ahead;
mod calls;
mod cancel;
mod conditions;
mod fan_out;
mod handed;
mod keep;
mod pairs;
mod partial;
mod retry;
mod values;
mod verdict;
mod world;
