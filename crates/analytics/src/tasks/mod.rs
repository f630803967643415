//! The five task lists: who to call, and what about. One file a list; paging, sorting and cursors are the same for all.

mod abandoned_carts;
mod bounces;
mod complete;
mod cursor;
mod line;
mod list;
mod params;
mod purchases;
mod repeat_visits;
mod repository;
mod searches;
mod sort;

pub(crate) use abandoned_carts::{__path_list_abandoned_carts, list_abandoned_carts};
pub(crate) use bounces::{__path_list_bounces, list_bounces};
pub(crate) use complete::{__path_complete_task, complete_task};
pub(crate) use purchases::{__path_list_purchases, list_purchases};
pub(crate) use repeat_visits::{__path_list_repeat_visits, list_repeat_visits};
pub(crate) use searches::{__path_list_searches, list_searches};
