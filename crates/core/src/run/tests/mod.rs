//! Sentences of language.md §3 on the rule book, and what must hold after every event.

mod cancel;
mod conditions;
mod fan_out;
mod pairs;
mod retry;
mod values;
mod verdict;
mod world;
