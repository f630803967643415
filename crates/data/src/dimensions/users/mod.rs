//! Users as the API shows them: what a list says of a person, and what their visits and purchases say.

mod cursor;
pub mod get;
pub mod list;
mod view;

pub use view::{KnownFrom, UserView};
