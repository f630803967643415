//! Identifiers as types of their own, so that a tenant's id is never passed where an account's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The demo tenant, the same on every machine.
pub const DEMO_TENANT: TenantId = TenantId(Uuid::from_u128(0x00000000_0000_7000_8000_00000000d001));

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id that sorts by the time it was made (UUID version 7).
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The bare UUID, for SQL parameters and formats that know no newtypes.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// One customer company.
    TenantId
);
id!(
    /// A person who can sign in; belongs to any number of tenants.
    AccountId
);
id!(
    /// One sign-in on one device; ends with logout.
    SessionId
);
id!(
    /// A machine's key.
    ApiKeyId
);
id!(
    /// An invitation to a tenant.
    InvitationId
);
id!(
    /// A piece of work the services do in the background.
    JobId
);
id!(
    /// Who gets which branch's report.
    MappingId
);
id!(
    /// One mail to one person.
    MailId
);
id!(
    /// When reports are sent by themselves.
    ScheduleId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_tenant_has_the_documented_id() {
        assert_eq!(DEMO_TENANT.to_string(), "00000000-0000-7000-8000-00000000d001");
    }

    #[test]
    fn ids_read_what_they_write() {
        let id = JobId::generate();
        assert_eq!(id.to_string().parse::<JobId>().ok(), Some(id));
        assert_eq!(serde_json::to_value(id).ok(), Some(serde_json::json!(id.to_string())));
    }
}
