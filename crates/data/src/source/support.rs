//! Which tables, metrics and lists a property of the Data API can support, by the dimensions that it has registered: a
//! table of requirements, and what it says of one property.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ga4::MappingSettings;
use crate::sources::data_api::Registered;

/// A dimension that GA4 offers only where the property has registered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Session,
    Visitor,
    User,
    Branch,
    FailedTerm,
}

/// How much of something can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    Full,
    Partial,
    None,
}

/// What something takes.
struct Requirement {
    name: &'static str,
    /// Without one of these there is nothing.
    essential: &'static [Need],
    /// Without one of these there is less, namely this.
    useful: &'static [(Need, &'static str)],
    /// What is less for every property.
    always: Option<&'static str>,
}

/// A visit is a visitor's session.
const VISIT: &[Need] = &[Need::Session, Need::Visitor];
const KNOWN_VISIT: &[Need] = &[Need::Session, Need::Visitor, Need::User];

const NO_VISIT: &str = "events belong to no visit";
const NO_USER: &str = "users are not known";
const NO_BRANCH: &str = "everything counts for no branch";
const NO_CUSTOMER: &str = "lines name no customer";
const NO_TERM: &str = "a failed search's term is `searchTerm` (the parameter search_term) alone";
const ITEMS: &str = "items are not in it: the API ties them to a transaction only, never to a visit or a page";
const IN_PURCHASE: &str = "items are those of the transaction id; purchases without one have none";

const OF_EVENTS: &[(Need, &str)] =
    &[(Need::Session, NO_VISIT), (Need::Visitor, NO_VISIT), (Need::User, NO_USER), (Need::Branch, NO_BRANCH)];
const OF_FAILED_SEARCHES: &[(Need, &str)] = &[
    (Need::Session, NO_VISIT),
    (Need::Visitor, NO_VISIT),
    (Need::User, NO_USER),
    (Need::Branch, NO_BRANCH),
    (Need::FailedTerm, NO_TERM),
];
const BY_BRANCH: &[(Need, &str)] = &[(Need::Branch, NO_BRANCH)];
const OF_LINES: &[(Need, &str)] = &[(Need::User, NO_CUSTOMER), (Need::Branch, NO_BRANCH)];

const fn requirement(
    name: &'static str,
    essential: &'static [Need],
    useful: &'static [(Need, &'static str)],
    always: Option<&'static str>,
) -> Requirement {
    Requirement { name, essential, useful, always }
}

const TABLES: &[Requirement] = &[
    requirement("page_view", &[], OF_EVENTS, None),
    requirement("purchase", &[], OF_EVENTS, Some(IN_PURCHASE)),
    requirement("add_to_cart", &[], OF_EVENTS, Some(ITEMS)),
    requirement("view_item", &[], OF_EVENTS, Some(ITEMS)),
    requirement("view_search_results", &[], OF_EVENTS, None),
    requirement("no_search_results", &[], OF_FAILED_SEARCHES, None),
];

/// As product.md defines them.
const METRICS: &[Requirement] = &[
    requirement("totalRevenue", &[], BY_BRANCH, None),
    requirement("purchases", &[], BY_BRANCH, None),
    requirement("totalSearches", &[], BY_BRANCH, None),
    requirement("failedSearches", &[], BY_BRANCH, None),
    requirement("totalVisitors", VISIT, BY_BRANCH, None),
    requirement("conversionRate", VISIT, BY_BRANCH, None),
    requirement("abandonedCarts", VISIT, BY_BRANCH, None),
    requirement("uniqueUsers", KNOWN_VISIT, BY_BRANCH, None),
    requirement("repeatVisits", KNOWN_VISIT, BY_BRANCH, None),
];

const LISTS: &[Requirement] = &[
    requirement("purchases", &[], OF_LINES, Some(IN_PURCHASE)),
    requirement(
        "cart-abandonment",
        VISIT,
        OF_LINES,
        Some("carts have no products and no value: the API ties items to a transaction only, never to a visit"),
    ),
    requirement(
        "search-analysis",
        VISIT,
        &[(Need::User, NO_CUSTOMER), (Need::Branch, NO_BRANCH), (Need::FailedTerm, NO_TERM)],
        None,
    ),
    requirement(
        "repeat-visits",
        KNOWN_VISIT,
        BY_BRANCH,
        Some("lines have no viewed products: the API ties items to a transaction only, never to a visit"),
    ),
    requirement("performance", VISIT, OF_LINES, None),
];

/// What a property offers for one of our needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DimensionView {
    pub need: Need,
    /// The registered dimension that is used; null where there is none.
    #[schema(example = "customEvent:ga_session_id")]
    pub dimension: Option<String>,
    /// How it gets registered.
    pub how: String,
}

/// What can be had of a table, a metric or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Capability {
    pub name: String,
    pub extent: Extent,
    /// Needs that are not met.
    pub missing: Vec<Need>,
    /// What is less, and why.
    pub why: Vec<String>,
}

/// What a property supports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Support {
    pub dimensions: Vec<DimensionView>,
    pub tables: Vec<Capability>,
    pub metrics: Vec<Capability>,
    pub lists: Vec<Capability>,
}

/// Holds the requirements against what is registered.
pub fn support(registered: &Registered, settings: &MappingSettings) -> Support {
    let all = |requirements: &[Requirement]| requirements.iter().map(|one| one.against(registered, settings)).collect();
    let needs = [Need::Session, Need::Visitor, Need::User, Need::Branch, Need::FailedTerm];
    let dimensions =
        needs.map(|need| DimensionView { need, dimension: need.met_by(registered).cloned(), how: need.how(settings) });
    Support { dimensions: dimensions.into(), tables: all(TABLES), metrics: all(METRICS), lists: all(LISTS) }
}

impl Requirement {
    fn against(&self, registered: &Registered, settings: &MappingSettings) -> Capability {
        let unmet = |need: &Need| need.met_by(registered).is_none();
        let mut missing: Vec<Need> = self.essential.iter().copied().filter(unmet).collect();
        let mut why: Vec<String> =
            missing.iter().map(|need| format!("needs {}, which is not registered", need.named(settings))).collect();
        let mut extent = if missing.is_empty() { Extent::Full } else { Extent::None };
        if extent == Extent::Full {
            for (need, less) in self.useful.iter().filter(|(need, _)| unmet(need)) {
                missing.push(*need);
                why.push(format!("{less} without {}, which is not registered", need.named(settings)));
            }
            why.extend(self.always.map(str::to_owned));
            if !why.is_empty() {
                extent = Extent::Partial;
            }
        }
        Capability { name: self.name.to_owned(), extent, missing, why }
    }
}

impl Need {
    fn met_by(self, registered: &Registered) -> Option<&String> {
        match self {
            Self::Session => registered.session.as_ref(),
            Self::Visitor => registered.visitor.as_ref(),
            Self::User => registered.user.as_ref(),
            Self::Branch => registered.branch.as_ref(),
            Self::FailedTerm => registered.failed_term.as_ref(),
        }
    }

    /// As the API would name it.
    fn named(self, settings: &MappingSettings) -> String {
        match self {
            Self::Session => "the session (`customEvent:ga_session_id`)".into(),
            Self::Visitor => "the visitor (`customEvent:client_id` or `customUser:user_pseudo_id`)".into(),
            Self::User => format!("the user (`customUser:{}`)", settings.user_property),
            Self::Branch => format!("the branch (`customUser:{}`)", settings.branch_property),
            Self::FailedTerm => "the failed search's term (`customEvent:no_search_results_term`)".into(),
        }
    }

    fn how(self, settings: &MappingSettings) -> String {
        const WHERE: &str =
            "in GA4 under Admin, Custom definitions, Create custom dimension; it holds for later days only";
        match self {
            Self::Session => format!("Register the event parameter `ga_session_id` with the scope Event, {WHERE}."),
            Self::Visitor => format!(
                "GA4 offers no visitor of its own: let the site send the client id as the event parameter `client_id`, \
                 and register it with the scope Event, {WHERE}."
            ),
            Self::User => {
                format!("Register the user property `{}` with the scope User, {WHERE}.", settings.user_property)
            }
            Self::Branch => {
                format!("Register the user property `{}` with the scope User, {WHERE}.", settings.branch_property)
            }
            Self::FailedTerm => {
                format!("Register the event parameter `no_search_results_term` with the scope Event, {WHERE}.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MappingSettings {
        MappingSettings {
            currency: "USD".into(),
            user_property: "CustomerNo".into(),
            branch_property: "store".into(),
            failed_search_aliases: Vec::new(),
            latest_timestamp: i64::MAX,
        }
    }

    fn all() -> Registered {
        Registered {
            visitor: Some("customEvent:client_id".into()),
            session: Some("customEvent:ga_session_id".into()),
            user: Some("customUser:CustomerNo".into()),
            branch: Some("customUser:store".into()),
            failed_term: Some("customEvent:no_search_results_term".into()),
        }
    }

    fn extents(of: &[Capability], extent: Extent) -> Vec<&str> {
        of.iter().filter(|one| one.extent == extent).map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn a_property_without_registered_dimensions_counts_events_and_money() {
        let support = support(&Registered::default(), &settings());
        assert_eq!(extents(&support.metrics, Extent::Full), [""; 0]);
        assert_eq!(
            extents(&support.metrics, Extent::Partial),
            ["totalRevenue", "purchases", "totalSearches", "failedSearches"]
        );
        assert_eq!(extents(&support.lists, Extent::Partial), ["purchases"]);
        assert_eq!(extents(&support.tables, Extent::Partial).len(), 6);
        assert!(support.dimensions.iter().all(|one| one.dimension.is_none()));
        let repeat = support.lists.iter().find(|one| one.name == "repeat-visits").unwrap();
        assert_eq!(repeat.missing, [Need::Session, Need::Visitor, Need::User]);
        assert_eq!(repeat.why[2], "needs the user (`customUser:CustomerNo`), which is not registered");
    }

    #[test]
    fn a_property_with_all_of_them_lacks_items_only() {
        let support = support(&all(), &settings());
        assert_eq!(extents(&support.metrics, Extent::Full).len(), 9);
        assert_eq!(extents(&support.lists, Extent::Full), ["search-analysis", "performance"]);
        assert_eq!(extents(&support.tables, Extent::Full), ["page_view", "view_search_results", "no_search_results"]);
        for one in support.tables.iter().chain(&support.lists).filter(|one| one.extent == Extent::Partial) {
            assert!(one.missing.is_empty() && one.why.len() == 1 && one.why[0].contains("transaction"), "{one:?}");
        }
    }

    #[test]
    fn each_missing_dimension_costs_what_depends_on_it() {
        let without_session = support(&Registered { session: None, ..all() }, &settings());
        assert_eq!(
            extents(&without_session.metrics, Extent::None),
            ["totalVisitors", "conversionRate", "abandonedCarts", "uniqueUsers", "repeatVisits"]
        );
        assert_eq!(
            extents(&without_session.lists, Extent::None),
            ["cart-abandonment", "search-analysis", "repeat-visits", "performance"]
        );
        let without_user = support(&Registered { user: None, ..all() }, &settings());
        assert_eq!(extents(&without_user.metrics, Extent::None), ["uniqueUsers", "repeatVisits"]);
        assert_eq!(extents(&without_user.lists, Extent::None), ["repeat-visits"]);
        let without_branch = support(&Registered { branch: None, ..all() }, &settings());
        assert_eq!(extents(&without_branch.metrics, Extent::Partial).len(), 9);
        let without_term = support(&Registered { failed_term: None, ..all() }, &settings());
        assert_eq!(extents(&without_term.lists, Extent::Full), ["performance"]);
        assert_eq!(extents(&without_term.metrics, Extent::Full).len(), 9);
    }
}
