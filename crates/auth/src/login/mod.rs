//! Signing in: `/auth/login` begins it, the provider knows the person, `/auth/callback` ends it with a session.

mod attempt;
mod begin;
mod callback;
mod callback_page;
mod complete;
mod cookie;
mod http;
mod person;
mod provider;
mod refusal;

pub(crate) use begin::{__path_login, login};
pub(crate) use callback::{__path_callback, callback};
pub(crate) use callback_page::callback_page;
pub(crate) use provider::{Endpoints, Provider};
