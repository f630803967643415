//! Clients of the two Google APIs that GA4's data come from, and of the token endpoint that lets a service account in.
