//! The tenants of a person, as `/auth/tenants`, `/auth/me` and a sign-in's end show them.

mod list;
mod memberships;

pub(crate) use list::{__path_list_tenants, list_tenants};
pub(crate) use memberships::{MembershipRow, TenantRoleView, memberships};
