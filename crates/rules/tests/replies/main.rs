//! What phones send back, against a corpus of replies and the table of words.

mod corpus;
mod properties;
mod words;
