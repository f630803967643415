//! Posted events, from the request to the figures.

mod collect;
mod folding;
mod keys;
mod killed;
mod limits;
mod mapping;
mod retries;
mod same_day;
mod shape;
mod shop;
