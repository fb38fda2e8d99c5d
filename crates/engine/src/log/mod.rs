//! The log keeper: every byte that a container wrote, masked, in order, once; or a marked hole.
//!
//! What is stored of a log says how many bytes of the engine's stream it stands for. After a
//! restart of Gofer the engine hands its log over from the first byte, and as many are skipped;
//! masking starts anew there, which gives what it would have given without the restart. After a
//! restart of the *engine* what we have is kept and the place is marked, because its own copy may
//! lack what it did not get to write; from then on times tell what comes again, not counts.

mod batch;
mod keeper;
mod lines;
mod side;
mod sink;

pub(crate) use keeper::Keeper;
