//! The branches there are figures for, to choose from.

mod list;

pub(crate) use list::{__path_list_locations, list_locations};
