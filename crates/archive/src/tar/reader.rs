//! A tar as it comes, in pieces of any size.

use super::{
    BLOCK,
    block::{self, Raw},
    pax::Extended,
};
use crate::Refusal;
use bytes::{Buf, Bytes};

/// The most that is read of a header that extends another one.
const MOST_OF_A_HEADER: u64 = 64 << 10;
/// The most headers that extend one entry.
const MOST_HEADERS: u32 = 8;

/// What has been read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A new entry; its bytes follow.
    Entry(Raw),
    /// Some bytes of the last entry.
    Data(Bytes),
}

#[derive(Default)]
pub(crate) struct Reader {
    state: State,
    extended: Extended,
    /// Since the last entry.
    headers: u32,
}

#[derive(Clone, Copy)]
enum Purpose {
    Data,
    Name,
    Target,
    Records,
    Nothing,
}

enum State {
    /// In a header block.
    Header(Vec<u8>),
    /// In what belongs to the last header.
    Body(Purpose, u64, u64, Vec<u8>),
    /// After the first block of zeros.
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Header(Vec::with_capacity(BLOCK))
    }
}

impl Reader {
    /// Reads on, up to the next piece or to the end of the input.
    pub(crate) fn next(&mut self, input: &mut Bytes) -> Result<Option<Piece>, Refusal> {
        while !input.is_empty() {
            match &mut self.state {
                State::Over => input.clear(),
                State::Header(block) => {
                    let missing = BLOCK - block.len();
                    block.extend_from_slice(&input.split_to(missing.min(input.len())));
                    if let Ok(block) = <[u8; BLOCK]>::try_from(block.as_slice()) {
                        match block::read(&block)? {
                            None => self.state = State::Over,
                            Some(raw) => {
                                if let Some(entry) = self.header(raw)? {
                                    return Ok(Some(Piece::Entry(entry)));
                                }
                            }
                        }
                    }
                }
                State::Body(purpose, left, padding, held) if *left > 0 => {
                    let most = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(input.len());
                    let bytes = input.split_to(most);
                    *left -= most as u64;
                    match purpose {
                        Purpose::Data => {
                            if *left == 0 && *padding == 0 {
                                self.state = State::default();
                            }
                            return Ok(Some(Piece::Data(bytes)));
                        }
                        Purpose::Nothing => {}
                        _ => held.extend_from_slice(&bytes),
                    }
                    self.body_read()?;
                }
                State::Body(_, _, padding, _) => {
                    let most = usize::try_from(*padding).unwrap_or(0).min(input.len());
                    input.advance(most);
                    *padding -= most as u64;
                    self.body_read()?;
                }
            }
        }
        Ok(None)
    }

    /// All has come: it must have been a whole archive.
    pub(crate) fn finish(&self) -> Result<(), Refusal> {
        match &self.state {
            State::Over => Ok(()),
            _ => Err(Refusal::Cut),
        }
    }

    fn header(&mut self, mut raw: Raw) -> Result<Option<Raw>, Refusal> {
        let purpose = match raw.flag {
            b'L' => Purpose::Name,
            b'K' => Purpose::Target,
            b'x' => Purpose::Records,
            b'g' => Purpose::Nothing,
            _ => {
                let extended = std::mem::take(&mut self.extended);
                self.headers = 0;
                if extended.is_sparse {
                    raw.flag = b'S';
                }
                raw.name = extended.name.unwrap_or(raw.name);
                raw.target = extended.target.unwrap_or(raw.target);
                raw.bytes = extended.bytes.unwrap_or(raw.bytes);
                // Only files have bytes, whatever the header says.
                if !matches!(raw.flag, 0 | b'0' | b'7') {
                    raw.bytes = 0;
                }
                self.expect(Purpose::Data, raw.bytes);
                return Ok(Some(raw));
            }
        };
        self.headers += 1;
        if raw.bytes > MOST_OF_A_HEADER || self.headers > MOST_HEADERS {
            return Err(Refusal::Broken("a header is too long"));
        }
        self.expect(purpose, raw.bytes);
        Ok(None)
    }

    fn expect(&mut self, purpose: Purpose, bytes: u64) {
        let block = BLOCK as u64;
        let padding = (block - bytes % block) % block;
        self.state = match bytes {
            0 => State::default(),
            _ => State::Body(purpose, bytes, padding, Vec::new()),
        };
    }

    fn body_read(&mut self) -> Result<(), Refusal> {
        let State::Body(purpose, 0, 0, held) = &mut self.state else {
            return Ok(());
        };
        let (purpose, mut held) = (*purpose, std::mem::take(held));
        self.state = State::default();
        match purpose {
            Purpose::Data | Purpose::Nothing => {}
            Purpose::Records => self.extended.read(&held)?,
            Purpose::Name | Purpose::Target => {
                while held.last() == Some(&0) {
                    held.pop();
                }
                let place = match purpose {
                    Purpose::Name => &mut self.extended.name,
                    _ => &mut self.extended.target,
                };
                *place = Some(held);
            }
        }
        Ok(())
    }
}
