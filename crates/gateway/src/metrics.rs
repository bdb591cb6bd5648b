//! What is counted and measured, for `/metrics`.
