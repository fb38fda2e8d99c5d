//! The store on real files.

mod conformance;
mod support;
