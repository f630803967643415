//! Which of the dimensions that the product needs a property has registered.

use google::Metadata;

use crate::ga4::MappingSettings;

/// Under which names a visitor's id may be registered: GA4 itself offers none.
const VISITOR_NAMES: [&str; 5] = ["user_pseudo_id", "client_id", "clientId", "ga_client_id", "cid"];

/// Dimensions by the API's names; none where nothing is registered under the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// The visitor: with the session it makes a visit.
    pub visitor: Option<String>,
    /// `ga_session_id`
    pub session: Option<String>,
    /// The known user.
    pub user: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// `no_search_results_term`
    pub failed_term: Option<String>,
}

impl Registered {
    /// What the property's metadata offer to this tenant. A name may be registered for the user or for the event.
    pub fn of(metadata: &Metadata, settings: &MappingSettings) -> Self {
        let find = |name: &str| {
            ["customUser", "customEvent"]
                .into_iter()
                .map(|scope| format!("{scope}:{name}"))
                .find(|full| metadata.dimensions.iter().any(|field| field.api_name == *full))
        };
        Self {
            visitor: VISITOR_NAMES.into_iter().find_map(find),
            session: find("ga_session_id"),
            user: find(&settings.user_property),
            branch: find(&settings.branch_property),
            failed_term: find("no_search_results_term"),
        }
    }

    /// Whether rows can be told apart by visit.
    pub fn has_visits(&self) -> bool {
        self.visitor.is_some() && self.session.is_some()
    }
}
