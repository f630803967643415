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

pub(crate) use abandoned_carts::{__path_list_abandoned_carts, AbandonedCartLine, list_abandoned_carts};
pub(crate) use bounces::{__path_list_bounces, BounceLine, BouncedPage, list_bounces};
pub(crate) use complete::{__path_complete_task, complete_task};
pub(crate) use line::{LineHead, ProductView};
pub(crate) use purchases::{__path_list_purchases, PurchaseLine, list_purchases};
pub(crate) use repeat_visits::{__path_list_repeat_visits, RepeatVisitLine, list_repeat_visits};
pub(crate) use repository::{LinePage, Selection, TaskList, TaskRepository};
pub(crate) use searches::{__path_list_searches, SearchLine, SearchType, list_searches};
pub(crate) use sort::{Kind, Sort};
