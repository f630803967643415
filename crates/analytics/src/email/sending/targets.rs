//! Which mails a send consists of: who gets which branches, less what they have already.

use std::collections::{BTreeMap, BTreeSet};

use common::ids::MailId;

/// An enabled mapping of the selection.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) branch_code: String,
    pub(super) email: String,
    pub(super) name: Option<String>,
    /// All branches of this person in one mail.
    pub(super) in_digest: bool,
}

/// A mail of an earlier send of the same day.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) mail_id: MailId,
    pub(super) email: String,
    /// Sorted.
    pub(super) branch_codes: Vec<String>,
    pub(super) generation: i32,
    /// Failed, cancelled or suppressed: it did not reach anybody and is on its way to nobody.
    pub(super) is_over: bool,
}

/// A mail to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) email: String,
    pub(super) name: Option<String>,
    /// Sorted: with the person and the day it is what a mail is known by.
    pub(super) branch_codes: Vec<String>,
    /// The earlier mail that is tried again.
    pub(super) again: Option<MailId>,
}

/// The mails of a send, by recipient and branches.
///
/// Not `force`d, a person gets no branch again that an earlier mail brought or is about to bring, also where that one was of
/// another form: a digest of two branches, of which one was mailed by itself, is about the other one alone. What is not known
/// to have failed counts as brought: `unknown` is tried again by a person's word only.
pub(super) fn targets(wanted: &[Wanted], known: &[Known], force: bool) -> Vec<Target> {
    let mut mails: BTreeMap<(&str, BTreeSet<&str>), Option<&str>> = BTreeMap::new();
    let mut digests: BTreeMap<&str, (BTreeSet<&str>, Option<&str>)> = BTreeMap::new();
    for Wanted { branch_code, email, name, in_digest } in wanted {
        if *in_digest {
            let (codes, whose) = digests.entry(email).or_default();
            codes.insert(branch_code);
            *whose = whose.or(name.as_deref());
        } else {
            mails.insert((email, BTreeSet::from([branch_code.as_str()])), name.as_deref());
        }
    }
    mails.extend(digests.into_iter().map(|(email, (codes, name))| ((email, codes), name)));

    let mut brought: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mail in known.iter().filter(|mail| !mail.is_over && !force) {
        brought.entry(&mail.email).or_default().extend(mail.branch_codes.iter().map(String::as_str));
    }
    let mut over: BTreeMap<(&str, &[String]), &Known> = BTreeMap::new();
    for mail in known.iter().filter(|mail| mail.is_over && !force) {
        let last = over.entry((&mail.email, &mail.branch_codes)).or_insert(mail);
        if mail.generation > last.generation {
            *last = mail;
        }
    }
    mails
        .into_iter()
        .filter_map(|((email, mut codes), name)| {
            if let Some(brought) = brought.get(email) {
                codes.retain(|code| !brought.contains(code));
            }
            let branch_codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
            if branch_codes.is_empty() {
                return None;
            }
            let again = over.get(&(email, branch_codes.as_slice())).map(|mail| mail.mail_id);
            Some(Target { email: email.to_owned(), name: name.map(str::to_owned), branch_codes, again })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(branch_code: &str, email: &str, in_digest: bool) -> Wanted {
        Wanted { branch_code: branch_code.into(), email: email.into(), name: None, in_digest }
    }

    fn known(email: &str, codes: &[&str], is_over: bool) -> Known {
        Known {
            mail_id: MailId::generate(),
            email: email.into(),
            branch_codes: codes.iter().map(ToString::to_string).collect(),
            generation: 1,
            is_over,
        }
    }

    /// `a@:D01,D02` with a `!` where an earlier mail is tried again.
    fn told(targets: &[Target]) -> Vec<String> {
        let told = |t: &Target| {
            format!("{}:{}{}", t.email, t.branch_codes.join(","), if t.again.is_some() { "!" } else { "" })
        };
        targets.iter().map(told).collect()
    }

    #[test]
    fn a_digest_is_one_mail_and_everything_else_one_each() {
        let all = [
            wanted("D02", "ann@x", true),
            wanted("D01", "ann@x", true),
            wanted("D01", "bob@x", false),
            wanted("D02", "bob@x", false),
            wanted("*", "cleo@x", false),
            wanted("D01", "cleo@x", true),
        ];
        let first = targets(&all, &[], false);
        assert_eq!(told(&first), ["ann@x:D01,D02", "bob@x:D01", "bob@x:D02", "cleo@x:*", "cleo@x:D01"]);
    }

    #[test]
    fn again_only_what_failed_or_is_new() {
        let all = [wanted("D01", "ann@x", false), wanted("D02", "ann@x", false), wanted("D03", "ann@x", false)];
        let before = [known("ann@x", &["D01"], false), known("ann@x", &["D02"], true)];
        assert_eq!(told(&targets(&all, &before, false)), ["ann@x:D02!", "ann@x:D03"]);
        assert_eq!(told(&targets(&all, &before, true)), ["ann@x:D01", "ann@x:D02", "ann@x:D03"]);
        // Another person's mails say nothing of hers.
        assert_eq!(targets(&all, &[known("bob@x", &["D01"], false)], false).len(), 3);
    }

    #[test]
    fn nobody_gets_a_branch_twice_because_the_form_changed() {
        let digest = [wanted("D01", "ann@x", true), wanted("D02", "ann@x", true)];
        assert_eq!(told(&targets(&digest, &[known("ann@x", &["D01"], false)], false)), ["ann@x:D02"]);
        // A failed digest that would be smaller now is another mail.
        let before = [known("ann@x", &["D01", "D02"], true), known("ann@x", &["D01"], false)];
        assert_eq!(told(&targets(&digest, &before, false)), ["ann@x:D02"]);
        let single = [wanted("D01", "ann@x", false)];
        assert!(targets(&single, &[known("ann@x", &["D01", "D02"], false)], false).is_empty());
    }

    #[test]
    fn of_several_failures_the_latest_is_tried_again() {
        let (mut first, mut second) = (known("ann@x", &["D01"], true), known("ann@x", &["D01"], true));
        (first.generation, second.generation) = (3, 2);
        let again = targets(&[wanted("D01", "ann@x", false)], &[second, first.clone()], false);
        assert_eq!(again[0].again, Some(first.mail_id));
    }
}
