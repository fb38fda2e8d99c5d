//! The table of keys, told to people and to editors.

mod explain;
mod phrase;
mod reference;
mod schema;

pub use explain::explain;
pub use reference::reference_markdown;
pub use schema::schema;

#[cfg(test)]
mod tests;
