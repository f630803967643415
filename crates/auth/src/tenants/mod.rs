//! Tenants: made, read, changed, and as `/auth/me` and a sign-in's end show those of a person.

mod change;
mod create;
mod get;
mod list;
mod memberships;
mod view;

pub(crate) use change::{__path_change_tenant, change_tenant};
pub(crate) use create::{__path_create_tenant, create_tenant};
pub(crate) use get::{__path_get_tenant, get_tenant};
pub(crate) use list::{__path_list_tenants, list_tenants};
pub(crate) use memberships::{MembershipRow, TenantRoleView, memberships};
