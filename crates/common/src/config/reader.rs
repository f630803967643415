//! Takes values out of the `config` crate's layers one by one and collects what is wrong instead of stopping at it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

use config::{Config, Environment};
use secrecy::SecretString;

use super::{
    error::ConfigErrors,
    variables::{VARIABLES, Variable},
};

/// One reading: the layered values, the faults so far and which names were asked for.
pub(super) struct Reader {
    values: Config,
    pub(super) faults: RefCell<ConfigErrors>,
    pub(super) asked: RefCell<BTreeSet<&'static str>>,
}

impl Reader {
    /// Defaults of the table, over them `vars`; an empty value counts as absent.
    pub(super) fn new(vars: &BTreeMap<String, String>) -> Result<Self, ConfigErrors> {
        let values = VARIABLES
            .iter()
            .filter_map(|Variable { name, default, .. }| default.map(|default| (name.to_lowercase(), default)))
            .try_fold(Config::builder(), |builder, (name, default)| builder.set_default(name, default))
            .and_then(|builder| {
                let source = vars.iter().map(|(name, value)| (name.clone(), value.trim().to_owned())).collect();
                builder.add_source(Environment::default().source(Some(source)).ignore_empty(true)).build()
            })
            .map_err(|error| {
                let mut faults = ConfigErrors::default();
                faults.push("configuration", error.to_string());
                faults
            })?;
        Ok(Self { values, faults: RefCell::default(), asked: RefCell::default() })
    }

    pub(super) fn fault(&self, name: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(name, message);
    }

    /// The value, trimmed; `None` where it is absent or empty and has no default.
    pub(super) fn optional(&self, name: &'static str) -> Option<String> {
        debug_assert!(VARIABLES.iter().any(|variable| variable.name == name), "{name} is missing in VARIABLES");
        self.asked.borrow_mut().insert(name);
        self.values.get_string(&name.to_lowercase()).ok()
    }

    /// The value; its absence is a fault with `hint` as what to do.
    pub(super) fn required(&self, name: &'static str, hint: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.fault(name, format!("is missing: {hint}"));
            String::new()
        })
    }

    /// The value of a variable that has a default in the table.
    pub(super) fn text(&self, name: &'static str) -> String {
        self.required(name, "it has no default")
    }

    pub(super) fn secret(&self, name: &'static str, hint: &str) -> SecretString {
        SecretString::from(self.required(name, hint))
    }

    /// The value read as `T`; `expected` describes a good one ("a port from 1 to 65535").
    pub(super) fn parsed<T>(&self, name: &'static str, expected: &str, accept: impl Fn(&T) -> bool) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.optional(name)?;
        match text.parse::<T>() {
            Ok(value) if accept(&value) => Some(value),
            _ => {
                self.fault(name, format!("`{text}` is not {expected}"));
                None
            }
        }
    }

    pub(super) fn flag(&self, name: &'static str) -> bool {
        match self.text(name).to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            other => {
                self.fault(name, format!("`{other}` is neither true nor false"));
                false
            }
        }
    }

    /// An absolute http(s) URL, as it was written.
    pub(super) fn url(&self, name: &'static str, value: String) -> String {
        let usable = value.parse::<::http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        });
        if !usable && !value.is_empty() {
            self.fault(name, format!("`{value}` is not an absolute http:// or https:// address"));
        }
        value
    }

    /// The same for an address that paths are appended to: without a slash at its end.
    pub(super) fn base_url(&self, name: &'static str, value: String) -> String {
        self.url(name, value).trim_end_matches('/').to_owned()
    }
}
