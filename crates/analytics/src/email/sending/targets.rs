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
    /// Of these, the first: nobody wanted it to end.
    pub(super) has_failed: bool,
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
/// to have failed counts as brought: `unknown` is tried again by a person's word only. A mail that was made although its branches
/// had been brought before, by force or sent once more by hand, and failed, is tried again: that word still holds.
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

    // Of each person, the branches with the latest generation that brought them.
    let mut brought: BTreeMap<&str, BTreeMap<&str, i32>> = BTreeMap::new();
    for mail in known.iter().filter(|mail| !mail.is_over && !force) {
        let of_person = brought.entry(&mail.email).or_default();
        for code in &mail.branch_codes {
            let latest = of_person.entry(code).or_insert(mail.generation);
            *latest = mail.generation.max(*latest);
        }
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
                let all: Vec<String> = codes.iter().copied().map(str::to_owned).collect();
                let failed = over.get(&(email, all.as_slice())).filter(|mail| {
                    mail.has_failed
                        && codes.iter().filter_map(|code| brought.get(code)).all(|latest| *latest < mail.generation)
                });
                if failed.is_none() {
                    codes.retain(|code| !brought.contains_key(code));
                }
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
            has_failed: is_over,
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
    fn what_was_forced_and_failed_goes_again_and_what_was_cancelled_does_not() {
        let of_generation =
            |generation, codes: &[&str], is_over| Known { generation, ..known("ann@x", codes, is_over) };
        let single = [wanted("D01", "ann@x", false)];
        let before = [of_generation(1, &["D01"], false), of_generation(2, &["D01"], true)];
        let again = targets(&single, &before, false);
        assert_eq!((told(&again), again[0].again), (vec![String::from("ann@x:D01!")], Some(before[1].mail_id)));
        // It reached her the third time.
        let third = [before.to_vec(), vec![of_generation(3, &["D01"], false)]].concat();
        assert!(targets(&single, &third, false).is_empty());
        // Forced by mistake: she has what she was to have.
        let cancelled = [before[0].clone(), Known { has_failed: false, ..before[1].clone() }];
        assert!(targets(&single, &cancelled, false).is_empty());
        // A digest goes as a whole; in another form than the one that failed she has hers.
        let digest = [wanted("D01", "ann@x", true), wanted("D02", "ann@x", true)];
        let before = [of_generation(1, &["D01"], false), of_generation(2, &["D01", "D02"], true)];
        assert_eq!(told(&targets(&digest, &before, false)), ["ann@x:D01,D02!"]);
        assert!(targets(&single, &before, false).is_empty());
    }

    #[test]
    fn of_several_failures_the_latest_is_tried_again() {
        let (mut first, mut second) = (known("ann@x", &["D01"], true), known("ann@x", &["D01"], true));
        (first.generation, second.generation) = (3, 2);
        let again = targets(&[wanted("D01", "ann@x", false)], &[second, first.clone()], false);
        assert_eq!(again[0].again, Some(first.mail_id));
    }
}
