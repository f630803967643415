//! The two lists: their fields, what a field must be, and the names its column goes by elsewhere.

use serde::{Deserialize, Serialize};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListKind {
    Users,
    Locations,
}

/// What a value is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Id,
    Text,
    /// A number to call: a spreadsheet may hold it as a number.
    Phone,
    Email,
    Active,
}

/// A column of a list.
#[derive(Debug)]
pub struct Field {
    /// As the database and the API call it.
    pub name: &'static str,
    pub check: Check,
    /// Other names, as [`plain`] makes them.
    synonyms: &'static [&'static str],
}

impl Field {
    /// A part of the field of this name.
    pub(super) const fn part(name: &'static str) -> Self {
        Self { name, check: Check::Text, synonyms: &[] }
    }
}

/// Names that say "active or not" on either list.
const ACTIVE: &[&str] = &["active", "enabled", "isenabled", "status"];

/// The id comes first.
const USERS: &[Field] = &[
    Field {
        name: "user_id",
        check: Check::Id,
        synonyms: &[
            "id", "userno", "usernumber", "usercode", "webuserid", "webuser", "webid", "customerid", "customerno",
            "customernumber", "customernr", "customercode", "custid", "custno", "custnumber", "contactid", "contactno",
            "accountid", "accountno", "accountnumber", "accountcode", "memberid", "memberno",
        ],
    },
    Field {
        name: "user_name",
        check: Check::Text,
        synonyms: &["name", "fullname", "displayname", "contact", "contactname", "contactperson", "personname"],
    },
    Field {
        name: "buying_company_name",
        check: Check::Text,
        // On the lines of the task lists customer_name is the buying company, too.
        synonyms: &[
            "buyingcompany", "company", "companyname", "customername", "account", "accountname", "organisation",
            "organisationname", "organization", "organizationname", "business", "businessname", "firm", "firmname",
        ],
    },
    Field {
        name: "email",
        check: Check::Email,
        synonyms: &["emailaddress", "mail", "mailaddress", "useremail", "contactemail", "customeremail"],
    },
    Field {
        name: "cell_phone",
        check: Check::Phone,
        synonyms: &[
            "cell", "cellno", "cellnumber", "cellphoneno", "cellphonenumber", "cellular", "mobile", "mobileno",
            "mobilenumber", "mobilephone", "mobilephoneno", "mobilephonenumber", "phone", "phoneno", "phonenumber",
            "telephone", "telephoneno", "telephonenumber", "tel", "telno", "handy",
        ],
    },
    Field {
        name: "office_phone",
        check: Check::Phone,
        synonyms: &[
            "office", "officeno", "officenumber", "officephoneno", "officephonenumber", "officetel", "officetelephone",
            "workphone", "workphoneno", "workphonenumber", "worktelephone", "businessphone", "businessphonenumber",
            "companyphone", "deskphone", "directline", "landline",
        ],
    },
    Field { name: "is_active", check: Check::Active, synonyms: ACTIVE },
];

const LOCATIONS: &[Field] = &[
    Field {
        name: "location_id",
        check: Check::Id,
        synonyms: &[
            "id", "code", "location", "locationcode", "locationno", "locationnumber", "branch", "branchid",
            "branchcode", "branchno", "branchnumber", "defaultbranchid", "warehouse", "warehouseid", "warehousecode",
            "warehouseno", "warehousenumber", "store", "storeid", "storecode", "storeno", "storenumber", "shopid",
            "shopcode", "siteid", "sitecode",
        ],
    },
    Field {
        name: "location_name",
        check: Check::Text,
        synonyms: &["name", "branchname", "warehousename", "storename", "shopname", "sitename", "displayname"],
    },
    Field { name: "city", check: Check::Text, synonyms: &["cityname", "town", "locality"] },
    Field {
        name: "state",
        check: Check::Text,
        synonyms: &["statename", "statecode", "stateprovince", "stateorprovince", "province", "region"],
    },
    Field { name: "is_active", check: Check::Active, synonyms: ACTIVE },
];

impl ListKind {
    /// Its columns, the id first.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Users => USERS,
            Self::Locations => LOCATIONS,
        }
    }

    /// The id's column.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Users => "user_id",
            Self::Locations => "location_id",
        }
    }

    /// What the list is of, for sentences.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Locations => "locations",
        }
    }

    /// The number of the field that a column of this name means.
    pub(super) fn field_of(self, column: &str) -> Option<usize> {
        let column = plain(column);
        self.fields().iter().position(|field| plain(field.name) == column || field.synonyms.contains(&column.as_str()))
    }
}

/// A column's name without what people write differently: case, blanks, `_`, `-`, dots. `#` means number.
pub(super) fn plain(name: &str) -> String {
    name.replace('#', "no").chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written() {
        for (name, field) in [
            ("user_id", "user_id"),
            ("WebUserId", "user_id"),
            ("Customer Number", "user_id"),
            ("Customer #", "user_id"),
            ("ID", "user_id"),
            ("E-Mail", "email"),
            ("e-mail address", "email"),
            ("Mobile", "cell_phone"),
            ("Tel. No.", "cell_phone"),
            ("office-phone", "office_phone"),
            ("Company Name", "buying_company_name"),
            ("Customer Name", "buying_company_name"),
            ("Organisation", "buying_company_name"),
            ("Full Name", "user_name"),
            ("Enabled", "is_active"),
        ] {
            let found = ListKind::Users.field_of(name).map(|n| ListKind::Users.fields()[n].name);
            assert_eq!(found, Some(field), "{name}");
        }
        for (name, field) in [
            ("warehouse_code", "location_id"),
            ("Branch", "location_id"),
            ("Store ID", "location_id"),
            ("warehouse name", "location_name"),
            ("Province", "state"),
            ("Status", "is_active"),
        ] {
            let found = ListKind::Locations.field_of(name).map(|n| ListKind::Locations.fields()[n].name);
            assert_eq!(found, Some(field), "{name}");
        }
        assert_eq!(ListKind::Users.field_of("shoe size"), None);
        assert_eq!(ListKind::Users.field_of(""), None);
    }

    #[test]
    fn no_name_means_two_fields_and_every_synonym_is_plain() {
        for kind in [ListKind::Users, ListKind::Locations] {
            let mut names: Vec<String> = Vec::new();
            for field in kind.fields() {
                names.push(plain(field.name));
                names.extend(field.synonyms.iter().map(ToString::to_string));
            }
            assert!(names.iter().all(|name| plain(name) == *name), "{names:?}");
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all);
            assert_eq!(kind.fields()[0].name, kind.id());
        }
    }
}
