//! The format itself: POSIX and GNU headers in, POSIX headers out.

mod block;
mod pax;
mod reader;
mod writer;

pub(crate) use block::Raw;
pub(crate) use reader::{Piece, Reader};
pub(crate) use writer::{END, header, padding};

/// Everything in a tar comes in blocks of this size.
pub(crate) const BLOCK: usize = 512;
