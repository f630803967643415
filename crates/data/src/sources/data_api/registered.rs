//! What the product needs to know of an event that GA4 tells only where a property has registered it, under which names
//! that may be, and what a property has.

use std::collections::BTreeMap;

use google::Metadata;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ga4::MappingSettings;

/// A dimension that GA4 offers only where the property has registered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// `ga_session_id`
    Session,
    /// The visitor: with the session it makes a visit. GA4 itself offers none.
    Visitor,
    /// The known user.
    User,
    /// The branch.
    Branch,
    /// `no_search_results_term`
    FailedTerm,
}

/// What a dimension belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A user property: what was set last holds on.
    User,
    /// An event parameter.
    Event,
}

impl Scope {
    /// The API's name of a dimension of this scope.
    pub fn dimension(self, name: &str) -> String {
        match self {
            Self::User => format!("customUser:{name}"),
            Self::Event => format!("customEvent:{name}"),
        }
    }
}

impl Need {
    pub const ALL: [Self; 5] = [Self::Session, Self::Visitor, Self::User, Self::Branch, Self::FailedTerm];

    /// Names of parameters and user properties that are taken for it, the best one first.
    pub fn names(self, settings: &MappingSettings) -> Vec<&str> {
        match self {
            Self::Session => vec!["ga_session_id"],
            Self::Visitor => vec!["client_id", "user_pseudo_id", "clientId", "ga_client_id", "cid"],
            Self::User => vec![&settings.user_property],
            Self::Branch => vec![&settings.branch_property],
            Self::FailedTerm => vec!["no_search_results_term"],
        }
    }

    /// Every dimension that is taken for it, by the API's name. It may be registered for the user or for the event.
    fn dimensions(self, settings: &MappingSettings) -> impl Iterator<Item = String> {
        let scopes = |name| [Scope::User, Scope::Event].map(|scope| scope.dimension(name));
        self.names(settings).into_iter().flat_map(scopes)
    }

    /// What to register for it.
    pub fn advice(self, settings: &MappingSettings) -> (Scope, &str) {
        let scope = match self {
            Self::Session | Self::Visitor | Self::FailedTerm => Scope::Event,
            Self::User | Self::Branch => Scope::User,
        };
        (scope, self.names(settings).first().copied().unwrap_or_default())
    }

    /// The same as the API will name it.
    pub fn advised(self, settings: &MappingSettings) -> String {
        let (scope, name) = self.advice(settings);
        scope.dimension(name)
    }
}

/// What a property has registered of it: the API's name of the dimension for each need that is met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered(BTreeMap<Need, String>);

impl Registered {
    /// What the property's metadata offer to this tenant.
    pub fn of(metadata: &Metadata, settings: &MappingSettings) -> Self {
        let offered = |need: Need| need.dimensions(settings).find(|name| metadata.has_dimension(name));
        Need::ALL.into_iter().filter_map(|need| Some((need, offered(need)?))).collect()
    }

    /// The dimension that meets the need.
    pub fn get(&self, need: Need) -> Option<&str> {
        self.0.get(&need).map(String::as_str)
    }
}

impl FromIterator<(Need, String)> for Registered {
    fn from_iter<I: IntoIterator<Item = (Need, String)>>(met: I) -> Self {
        Self(met.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use google::{Metadata, MetadataField};

    use super::{Need, Registered};
    use crate::sources::data_api::testing::settings;

    fn metadata(names: &[&str]) -> Metadata {
        let field = |name: &&str| MetadataField {
            api_name: (*name).to_owned(),
            ui_name: String::new(),
            custom: true,
            blocked_reasons: Vec::new(),
        };
        Metadata { dimensions: names.iter().map(field).collect(), metrics: Vec::new() }
    }

    #[test]
    fn a_dimension_is_found_in_either_scope_and_by_the_tenants_own_names() {
        let mut settings = settings();
        settings.user_property = "CustomerNo".into();
        let offered = metadata(&[
            "pageLocation",
            "customEvent:client_id",
            "customUser:CustomerNo",
            "customEvent:CustomerNo",
            "customEvent:WebUserId",
            "customItem:ga_session_id",
            "customUser:default_branch_id",
        ]);
        let registered = Registered::of(&offered, &settings);
        assert_eq!(registered.get(Need::Visitor), Some("customEvent:client_id"));
        // What the user is known by holds on, what an event says does not.
        assert_eq!(registered.get(Need::User), Some("customUser:CustomerNo"));
        assert_eq!(registered.get(Need::Branch), Some("customUser:default_branch_id"));
        assert_eq!((registered.get(Need::Session), registered.get(Need::FailedTerm)), (None, None));
    }
}
