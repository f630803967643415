//! Posted events, from the request to the figures.

pub mod as_posted;
mod collect;
mod folding;
mod hostile;
mod keys;
mod killed;
mod limits;
mod mapping;
mod random;
mod real_day;
mod retries;
mod same_day;
mod shape;
mod shop;
