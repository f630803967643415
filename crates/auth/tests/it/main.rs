//! auth-service over HTTP against a real PostgreSQL: every sign-in goes the whole way, as a browser and a frontend do it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod another_service;
mod api_keys;
mod audit_log;
mod browser;
mod callback_page;
mod commands;
mod company;
mod dev_provider;
mod environment;
mod foreign_provider;
mod invitations;
mod keys_api;
mod limits;
mod logs;
mod members;
mod oidc_provider;
mod openapi;
mod openid;
mod pairs;
mod profile;
mod refresh;
mod sessions;
mod sign_in;
mod sign_in_walls;
mod stub_provider;
mod support;
mod tenant_settings;
mod tenants;
mod tokens;
