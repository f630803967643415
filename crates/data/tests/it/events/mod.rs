//! Posted events, from the request to the figures.

mod collect;
mod keys;
mod limits;
mod mapping;
mod retries;
mod shape;
mod shop;
