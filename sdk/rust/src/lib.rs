//! A thin client of the Gofer API.
//!
//! ```no_run
//! # async fn example() -> Result<(), gofer_sdk::Error> {
//! let client = gofer_sdk::Client::unix("/run/user/1000/gofer/etl.sock");
//! let run = client.run(&"etl/latest".parse()?).await?;
//! println!("{} is {}", run.reference(), run.state);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod artifacts;
mod client;
mod error;
mod marked;
mod reference;
mod shell;
mod sse;
mod stream;
mod transport;
mod url;

pub use client::Client;
pub use error::Error;
pub use gofer_api_types as types;
pub use marked::LogPiece;
pub use reference::{InvalidReference, Reference, RunRef, Which};
pub use shell::{ShellEvent, ShellSession, ShellTarget, ShellWriter};
pub use stream::{LogQuery, RunEvent};
