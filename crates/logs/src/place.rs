use std::{fmt, str::FromStr};

/// A position between two frames, the same for as long as the log is kept. As text it is a token
/// to go on from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// How many blocks lie before.
    pub(crate) block: u64,
    /// How many bytes of the block, unpacked, lie before.
    pub(crate) at: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.block, self.at)
    }
}

/// The text is not a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in a log is two numbers with a point between them, such as 3.1024")]
pub struct InvalidPlace;

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (block, at) = text.split_once('.').ok_or(InvalidPlace)?;
        match (block.parse(), at.parse()) {
            (Ok(block), Ok(at)) => Ok(Self { block, at }),
            _ => Err(InvalidPlace),
        }
    }
}
