//! Packs as deployments write them.
