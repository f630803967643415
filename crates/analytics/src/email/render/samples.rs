//! One mail of every kind, of a shop that does not exist: rendered when the service starts, so that a template that does
//! not fit its context is found then, and what the golden files and the pictures of mails are made of.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{
    InvitationMail, Money, Rendered, Renderer, TestMail, Text,
    mail::{Branch, Contact, DigestMail, Line, List, Page, ReportHead, ReportMail, RollUpMail, long_day},
};
use crate::{
    email::report::{
        ALL_BRANCHES, BOUNCES, CARTS, Comparison, DayFigures, Links, ListWords, PURCHASES, REPEATS, SEARCHES, Week,
        subject,
    },
    tasks::TaskList,
};

/// A mail as it would arrive.
#[derive(Debug, Clone)]
pub struct SampleMail {
    pub name: &'static str,
    pub subject: String,
    pub html: String,
    pub text: String,
}

/// A mail of every kind, with what makes each look different.
///
/// # Errors
/// A template does not fit.
pub fn sample_mails() -> anyhow::Result<Vec<SampleMail>> {
    let renderer = Renderer::new()?;
    all(&renderer)
        .into_iter()
        .map(|(name, rendered)| {
            let rendered = rendered?;
            let (html, text) = rendered.for_recipient("https://shop.example/analytics/email/unsubscribe/sample");
            Ok(SampleMail { name, subject: rendered.subject, html, text })
        })
        .collect()
}

/// Name and mail of each sample.
pub(super) fn all(renderer: &Renderer) -> Vec<(&'static str, anyhow::Result<Rendered>)> {
    let shop = Shop::new();
    vec![
        ("report", renderer.report(&shop.report(&shop.busy(), lists(&shop), None))),
        ("report_quiet", renderer.report(&shop.report(&shop.quiet(), empty_lists(&shop), None))),
        ("report_no_data", renderer.report(&shop.report(&Week::default(), empty_lists(&shop), Some(LATE)))),
        ("digest", renderer.digest(&shop.digest())),
        ("roll_up", renderer.roll_up(&shop.roll_up())),
        ("report_wide", renderer.report(&Shop::wide().wide_report())),
        ("roll_up_wide", renderer.roll_up(&Shop::wide().wide_roll_up())),
        ("invitation", renderer.invitation(&invitation(true))),
        ("invitation_short", renderer.invitation(&invitation(false))),
        ("test", renderer.test(&test())),
    ]
}

const LONG_NAME: &str = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenlager";
const LATE: &str = "The day's data had not arrived at 11:00; this mail was sent without them.";

struct Shop {
    comparison: Comparison,
    links: Links,
}

impl Shop {
    fn new() -> Self {
        let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default();
        Self {
            comparison: Comparison { date, money: Money::of("USD") },
            links: Links::new("https://shop.example", date),
        }
    }

    /// Whose amounts and names are as wide as they come.
    fn wide() -> Self {
        let shop = Self::new();
        Self { comparison: Comparison { money: Money::of("IDR"), ..shop.comparison }, ..shop }
    }

    fn wide_week(&self) -> Week {
        let mut week = self.busy();
        for day in week.days.iter_mut().flatten() {
            day.revenue *= Decimal::from(150_000);
            day.visitors *= 12_345;
            day.searches *= 3_210;
        }
        week
    }

    fn wide_report(&self) -> ReportMail {
        let (code, week) = ("JAKARTA-SELATAN-0017", self.wide_week());
        let title = format!("{code} {LONG_NAME}");
        let lists = [&PURCHASES, &CARTS, &SEARCHES, &REPEATS, &BOUNCES].map(|words| {
            let lines = if words.list == TaskList::Purchases { wide_lines() } else { Vec::new() };
            list(self, words, i64::try_from(lines.len()).unwrap_or_default(), lines)
        });
        ReportMail {
            head: self.head(&title, &[(code, LONG_NAME)], &week, None),
            branch: self.branch(code, &title, &week, lists.to_vec()),
        }
    }

    fn wide_roll_up(&self) -> RollUpMail {
        let (week, quiet) = (self.wide_week(), self.quiet());
        let longest = week.days.iter().flatten().map(|day| day.revenue).max().unwrap_or_default();
        let row = |name: &str, week: &Week| self.comparison.row(Text::new(name, 100), week, longest);
        RollUpMail {
            head: self.head("All branches", &[(ALL_BRANCHES, "")], &week, None),
            total: Branch { link: self.links.dashboard(&[]), ..self.branch("", "All branches", &week, Vec::new()) },
            rows: vec![
                row(&format!("JAKARTA-SELATAN-0017 {LONG_NAME}"), &week),
                row(
                    "D02 \u{641}\u{631}\u{639} \u{648}\u{633}\u{637} \u{627}\u{644}\u{645}\u{62f}\u{64a}\u{646}\u{629}",
                    &quiet,
                ),
                row("D03 \u{6771}\u{4eac}\u{672c}\u{5e97} \u{1f469}\u{200d}\u{1f527}", &week),
            ],
            more_rows: 0,
        }
    }

    /// Eight days, one of them without data.
    fn busy(&self) -> Week {
        week(
            &[
                Some((1_102_050, 9, 212, 61, 31, 148, 9)),
                Some((987_000, 7, 198, 55, 27, 131, 12)),
                Some((1_411_525, 12, 240, 70, 35, 160, 8)),
                None,
                Some((1_240_000, 10, 221, 64, 30, 150, 11)),
                Some((331_075, 3, 88, 20, 11, 40, 2)),
                Some((289_000, 2, 71, 18, 9, 33, 4)),
                Some((1_234_567, 11, 230, 66, 34, 155, 14)),
            ],
            23,
        )
    }

    /// A branch on which nothing happened.
    fn quiet(&self) -> Week {
        week(&[Some((0, 0, 0, 0, 0, 0, 0)); 8], 0)
    }

    fn head(&self, title: &str, branches: &[(&str, &str)], week: &Week, note: Option<&str>) -> ReportHead {
        let date = self.comparison.date;
        let named: Vec<(String, Option<String>)> =
            branches.iter().map(|(code, name)| ((*code).to_owned(), Some((*name).to_owned()))).collect();
        ReportHead {
            subject: subject("Demo Shop", &named, date),
            tenant: Text::new("Demo Shop", 100),
            title: Text::new(title, 100),
            day: long_day(date),
            preheader: self.comparison.preheader(week),
            note: note.map(|note| Text::new(note, 500)),
            basis: self.comparison.basis(week),
            link: self.links.dashboard(&[]),
        }
    }

    fn branch(&self, code: &str, title: &str, week: &Week, lists: Vec<List>) -> Branch {
        Branch {
            title: Text::new(title, 100),
            figures: self.comparison.figures(week),
            week: self.comparison.bars(week),
            lists,
            link: self.links.dashboard(&[code]),
        }
    }

    fn report(&self, week: &Week, lists: Vec<List>, note: Option<&str>) -> ReportMail {
        let title = "D01 Springfield";
        ReportMail {
            head: self.head(title, &[("D01", "Springfield")], week, note),
            branch: self.branch("D01", title, week, lists),
        }
    }

    fn digest(&self) -> DigestMail {
        let named = [("D01", "Springfield"), ("D02", "Shelbyville Warehouse & Showroom"), ("D07", "Ogdenville")];
        let (busy, quiet) = (self.busy(), self.quiet());
        let weeks = [&busy, &busy, &quiet];
        let title = |(code, name): &(&str, &str)| format!("{code} {name}");
        let longest = Decimal::new(1_234_567, 2);
        DigestMail {
            head: self.head("3 branches", &named, &busy, None),
            rows: named
                .iter()
                .zip(weeks)
                .map(|(branch, week)| self.comparison.row(Text::new(&title(branch), 100), week, longest))
                .collect(),
            more_rows: 0,
            branches: named
                .iter()
                .zip(weeks)
                .map(|(branch, week)| {
                    let lists = if branch.0 == "D07" { empty_lists(self) } else { lists(self) };
                    self.branch(branch.0, &title(branch), week, lists)
                })
                .collect(),
            more_branches: 0,
        }
    }

    fn roll_up(&self) -> RollUpMail {
        let week = self.busy();
        let longest = Decimal::from(4_810);
        let names = [
            ("D01 Springfield", 4_810, 4_100),
            ("D02 Shelbyville Warehouse & Showroom", 3_200, 3_450),
            ("D07 Ogdenville", 2_115, 2_115),
            ("D09 North Haverbrook", 1_480, 0),
            ("D12 Brockway", 740, 980),
            ("D15 Cypress Creek", 0, 0),
        ];
        RollUpMail {
            head: self.head("All branches", &[(ALL_BRANCHES, "")], &week, None),
            total: Branch { link: self.links.dashboard(&[]), ..self.branch("", "All branches", &week, Vec::new()) },
            rows: names
                .iter()
                .map(|(name, revenue, before)| {
                    let mut week = self.quiet();
                    for (place, amount) in [(0, *before), (7, *revenue)] {
                        week.days[place] = Some(DayFigures {
                            revenue: Decimal::from(amount),
                            purchases: amount / 1_000,
                            visitors: amount / 50,
                            abandoned_carts: amount / 300,
                            failed_searches: amount / 800,
                            ..DayFigures::default()
                        });
                    }
                    self.comparison.row(Text::new(name, 100), &week, longest)
                })
                .collect(),
            more_rows: 0,
        }
    }
}

type Day = (i64, i64, i64, i64, i64, i64, i64);

fn week(days: &[Option<Day>; 8], repeat_visits: i64) -> Week {
    let days = days.map(|day| {
        let (cents, purchases, visitors, unique_users, abandoned_carts, searches, failed_searches) = day?;
        let revenue = Decimal::new(cents, 2);
        Some(DayFigures { revenue, purchases, visitors, unique_users, abandoned_carts, searches, failed_searches })
    });
    Week { days, repeat_visits }
}

fn line(who: Option<&str>, contacts: &[&str], details: &str, value: &str) -> Line {
    let contact = |text: &&str| if text.contains('@') { Contact::email(text) } else { Contact::phone(text) };
    Line {
        who: who.map(|who| Text::new(who, 60)),
        contacts: contacts.iter().filter_map(contact).collect(),
        details: Text::new(details, 200),
        value: value.to_owned(),
        completed: false,
    }
}

fn list(shop: &Shop, words: &ListWords, total: i64, lines: Vec<Line>) -> List {
    let ListWords { list, title, empty } = words;
    let pages = if total > 0 && *list == TaskList::Performance {
        [("https://shop.example/", "21"), ("https://shop.example/products/copper-pipe-22mm?utm_source=newsletter", "9")]
            .map(|(page, bounces)| Page { page: Text::new(page, 120), bounces: bounces.to_owned() })
            .to_vec()
    } else {
        Vec::new()
    };
    List { title, empty, total, more: 0, lines, link: shop.links.list(*list, "D01"), pages }
}

fn empty_lists(shop: &Shop) -> Vec<List> {
    [&PURCHASES, &CARTS, &SEARCHES, &REPEATS, &BOUNCES].map(|words| list(shop, words, 0, Vec::new())).to_vec()
}

fn lists(shop: &Shop) -> Vec<List> {
    let acme = ["(555) 010-0142", "buyer@acme.example"];
    let moe = ["+1 555 010 0177", "+1 555 010 0100", "moe.the.very.long.name.of.a.purchaser@tavern-supplies.example"];
    let mut purchases = vec![
        line(
            Some("Acme Plumbing & Heating"),
            &acme,
            "Order T-10423; 4 x Ball valve 1/2 in, Copper pipe 22 mm",
            "$4,120.00",
        ),
        line(
            Some("Moe's Tavern Supplies"),
            &moe,
            "Order T-10431; 12 x Brass fitting, Pressure gauge and 3 more",
            "$2,310.40",
        ),
        line(None, &[], "Order T-10440; 2 x Radiator valve", "$1,204.10"),
        line(
            Some("\u{634}\u{631}\u{643}\u{629} \u{627}\u{644}\u{646}\u{648}\u{631}"),
            &["+20 2 2555 0100"],
            "Order T-10449; Boiler",
            "$990.00",
        ),
    ];
    if let Some(first) = purchases.first_mut() {
        first.completed = true;
    }
    let carts = vec![
        line(
            Some("Kwik-E-Mart"),
            &["(555) 010-0111", "apu@kwik.example"],
            "6 x Cistern, Flush pipe; last added 16:42",
            "$1,890.00",
        ),
        line(Some("WU-20417"), &["ask for Bart", "no mail"], "Thermostat; last added 09:05", "$129.00"),
        line(None, &[], "3 x Seal kit; last added 22:18", ""),
    ];
    let searches = vec![
        line(Some("Acme Plumbing & Heating"), &acme, "\u{201c}pex 32mm\u{201d} found nothing", "5 searches"),
        line(
            None,
            &[],
            "searched for \u{201c}heat pump, heat pump 12kw, monobloc\u{201d} and bought nothing",
            "4 searches",
        ),
    ];
    let repeats = vec![line(
        Some("Springfield Nuclear Power Plant"),
        &["(555) 010-0188", "procurement@snpp.example"],
        "looked at Cooling pump 5 kW, Valve DN80, Flange DN80, Gasket set and 6 more; 31 pages",
        "10 products",
    )];
    let bounces = vec![
        line(Some("Kwik-E-Mart"), &["(555) 010-0111"], "https://shop.example/products/cistern-6l", ""),
        line(None, &[], "https://shop.example/", ""),
    ];
    vec![
        list(shop, &PURCHASES, 11, purchases),
        list(shop, &CARTS, 34, carts),
        list(shop, &SEARCHES, 2, searches),
        list(shop, &REPEATS, 1, repeats),
        list(shop, &BOUNCES, 47, bounces),
    ]
}

fn wide_lines() -> Vec<Line> {
    let long_address = "pengadaan.barang.dan.jasa.kantor.pusat@perusahaan-distribusi-nusantara.example";
    let done = line(
        Some("PT Perusahaan_Perdagangan_Dan_Distribusi_Nusantara_Jaya_Abadi"),
        &["+62 21 5550 0100", "(021) 5550-0101 x12", long_address],
        "Order T-77120; 1,200 x Donaudampfschifffahrtsgesellschaftskapitaensmuetzenstaender, Pipa PVC 4 in and 12 more",
        "IDR 1,851,850,500.00",
    );
    let name = "\u{634}\u{631}\u{643}\u{629} \u{627}\u{644}\u{646}\u{648}\u{631} (\u{641}\u{631}\u{639} 3)";
    let details = "Order T-77121; 3 x \u{645}\u{636}\u{62e}\u{629} \u{645}\u{627}\u{621}, Boiler 12 kW";
    vec![
        Line { completed: true, ..done },
        line(Some(name), &["+20 2 2555 0100"], details, "IDR 990,000.00"),
        line(
            Some("\u{6771}\u{4eac}\u{5546}\u{4e8b} \u{1f469}\u{200d}\u{1f527} <b>&amp;</b>"),
            &[],
            "Order T-77122",
            "",
        ),
    ]
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

/// With everything, or as short as older content is.
fn invitation(full: bool) -> InvitationMail {
    InvitationMail {
        tenant_name: "Demo Shop".to_owned(),
        invited_by: full.then(|| "Olivia Owner".to_owned()),
        role: if full { "manager" } else { "owner" }.to_owned(),
        branches: full.then(|| vec!["D01".to_owned(), "D02".to_owned()]),
        link: "https://auth.shop.example/auth/invitations/accept?token=3p1b9sQ7mV0aYcJ4xkT2".to_owned(),
        expires_at: at("2026-01-12T09:30:00Z"),
    }
}

fn test() -> TestMail {
    TestMail {
        tenant_name: "Demo Shop".to_owned(),
        through: "smtp.shop.example:587".to_owned(),
        is_own: true,
        asked_by: "olivia.owner@example.com".to_owned(),
        at: at("2026-01-05T14:30:00Z"),
    }
}

/// For tests that change it.
#[cfg(test)]
pub(super) fn report_mail() -> ReportMail {
    let shop = Shop::new();
    shop.report(&shop.busy(), lists(&shop), None)
}

#[cfg(test)]
pub(super) fn digest_mail() -> DigestMail {
    Shop::new().digest()
}

#[cfg(test)]
pub(super) fn roll_up_mail() -> RollUpMail {
    Shop::new().roll_up()
}

#[cfg(test)]
pub(super) fn evil_invitation(text: &str) -> InvitationMail {
    let word = || text.to_owned();
    InvitationMail {
        tenant_name: word(),
        invited_by: Some(word()),
        role: word(),
        branches: Some(vec![word(); 30]),
        ..invitation(true)
    }
}

#[cfg(test)]
pub(super) fn evil_test(text: &str) -> TestMail {
    let word = || text.to_owned();
    TestMail { tenant_name: word(), through: word(), asked_by: word(), ..test() }
}
