//! Bad files, and the sentence each gets.
