//! A day's figures against the same weekday before and against the average of the days with data among the seven before.

use chrono::{Days, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::{DayFigures, Week, figures::DAYS};
use crate::email::render::{
    Money, Text, grouped,
    mail::{Bar, Basis, Change, Figure, Row, Tone, Versus, brief_day, short_day},
};

/// What a number of a figure is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Money,
    Count,
    Percent,
}

/// A figure: what it is called, how it is read from one or several days, and which way is welcome.
struct Measure {
    label: &'static str,
    unit: Unit,
    more_is_good: Option<bool>,
    /// Of these days: their average.
    of: fn(&[DayFigures]) -> Decimal,
}

const MEASURES: [Measure; 8] = [
    Measure { label: "Revenue", unit: Unit::Money, more_is_good: Some(true), of: |days| mean(days, |d| d.revenue) },
    Measure { label: "Purchases", unit: Unit::Count, more_is_good: Some(true), of: |d| count(d, |d| d.purchases) },
    Measure { label: "Visitors", unit: Unit::Count, more_is_good: Some(true), of: |d| count(d, |d| d.visitors) },
    Measure {
        label: "Unique users",
        unit: Unit::Count,
        more_is_good: Some(true),
        of: |d| count(d, |d| d.unique_users),
    },
    Measure { label: "Conversion rate", unit: Unit::Percent, more_is_good: Some(true), of: conversion_rate },
    Measure {
        label: "Abandoned carts",
        unit: Unit::Count,
        more_is_good: Some(false),
        of: |d| count(d, |d| d.abandoned_carts),
    },
    Measure { label: "Searches", unit: Unit::Count, more_is_good: None, of: |d| count(d, |d| d.searches) },
    Measure {
        label: "Failed searches",
        unit: Unit::Count,
        more_is_good: Some(false),
        of: |d| count(d, |d| d.failed_searches),
    },
];

fn mean(days: &[DayFigures], value: fn(&DayFigures) -> Decimal) -> Decimal {
    let sum: Decimal = days.iter().map(value).sum();
    sum.checked_div(Decimal::from(days.len())).unwrap_or_default()
}

fn count(days: &[DayFigures], value: fn(&DayFigures) -> i64) -> Decimal {
    let sum: Decimal = days.iter().map(|day| Decimal::from(value(day))).sum();
    sum.checked_div(Decimal::from(days.len())).unwrap_or_default()
}

/// Purchases in percent of visits, over all of the days together: a day with few visits weighs little.
fn conversion_rate(days: &[DayFigures]) -> Decimal {
    let total = |value: fn(&DayFigures) -> i64| -> Decimal { days.iter().map(|day| Decimal::from(value(day))).sum() };
    let rate = (total(|day| day.purchases) * Decimal::ONE_HUNDRED).checked_div(total(|day| day.visitors));
    rate.unwrap_or_default().round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// How the days of a report are compared and written.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) date: NaiveDate,
    pub(crate) money: Money,
}

impl Comparison {
    /// What there is to compare with; the same for all branches, because days are loaded for the whole tenant.
    pub(crate) fn basis(&self, week: &Week) -> Basis {
        let previous = self.day_at(0);
        let has_data = week.days[DAYS - 1].is_some();
        let loaded = before(week).len();
        let mut sentences = Vec::new();
        if !has_data {
            sentences.push("No data of this day have been loaded: there are no figures and no lists.".to_owned());
        }
        if week.days[0].is_none() {
            sentences.push(format!("{} has no data, so nothing is compared with it.", short_day(previous)));
        }
        sentences.push(match loaded {
            0 => "None of the 7 days before has data, so there is no average.".to_owned(),
            7 => "The average is of the 7 days before.".to_owned(),
            1 => "The average is of 1 day with data: the other 6 of the 7 days before have none.".to_owned(),
            6 => "The average is of 6 days with data: 1 of the 7 days before has none.".to_owned(),
            n => format!("The average is of {n} days with data: {} of the 7 days before have none.", 7 - n),
        });
        Basis {
            has_data,
            previous: brief_day(previous),
            has_previous: week.days[0].is_some(),
            average: match loaded {
                0 => "Average".to_owned(),
                1 => "Average of 1 day".to_owned(),
                n => format!("Average of {n} days"),
            },
            sentences,
        }
    }

    /// All figures of a branch.
    pub(crate) fn figures(&self, week: &Week) -> Vec<Figure> {
        let now = week.days[DAYS - 1].map(|day| [day]);
        let previous = week.days[0].map(|day| [day]);
        let loaded = before(week);
        let mut figures: Vec<Figure> = MEASURES
            .iter()
            .map(|measure| {
                let value = now.as_ref().map(|days| (measure.of)(days));
                let versus = |days: &[DayFigures], is_average: bool| {
                    (!days.is_empty()).then(|| {
                        let other = (measure.of)(days);
                        let change = value.map(|value| change(value, other, measure.more_is_good));
                        Versus { value: self.number(other, measure.unit, is_average), change }
                    })
                };
                Figure {
                    label: measure.label,
                    value: value.map(|value| self.number(value, measure.unit, false)),
                    previous: previous.as_ref().and_then(|days| versus(days, false)),
                    average: versus(&loaded, true),
                }
            })
            .collect();
        figures.insert(
            4,
            Figure { label: "Returning (30 d)", value: Some(whole(week.repeat_visits)), previous: None, average: None },
        );
        figures
    }

    /// Revenue of each of the eight days.
    pub(crate) fn bars(&self, week: &Week) -> Vec<Bar> {
        let longest = week.days.iter().flatten().map(|day| day.revenue).max().unwrap_or_default();
        let bars = week.days.iter().enumerate().map(|(place, day)| Bar {
            label: brief_day(self.day_at(place)),
            value: day.map_or_else(|| "no data".to_owned(), |day| self.money.text(day.revenue)),
            percent: day.map_or(0, |day| percent(day.revenue, longest)),
            is_now: place == DAYS - 1,
        });
        bars.collect()
    }

    /// A branch in a table of branches. `longest` is the highest revenue among them.
    pub(crate) fn row(&self, title: Text, week: &Week, longest: Decimal) -> Row {
        let Some(day) = week.days[DAYS - 1] else {
            let nothing = || "-".to_owned();
            return Row {
                title,
                revenue: "no data".to_owned(),
                change: None,
                percent: 0,
                purchases: nothing(),
                visitors: nothing(),
                carts: nothing(),
                failed_searches: nothing(),
            };
        };
        Row {
            title,
            revenue: self.money.text(day.revenue),
            change: week.days[0].map(|previous| change(day.revenue, previous.revenue, Some(true))),
            percent: percent(day.revenue, longest),
            purchases: whole(day.purchases),
            visitors: whole(day.visitors),
            carts: whole(day.abandoned_carts),
            failed_searches: whole(day.failed_searches),
        }
    }

    /// `Revenue $12.00 (+9% against Mon 29 Dec), purchases 3, visitors 90, abandoned carts 2.`, for the list of mails.
    pub(crate) fn preheader(&self, week: &Week) -> String {
        let Some(day) = week.days[DAYS - 1] else { return "No data of this day have been loaded.".to_owned() };
        let versus = week.days[0].map(|previous| {
            let change = change(day.revenue, previous.revenue, Some(true));
            format!(" ({} against {})", change.text, brief_day(self.day_at(0)))
        });
        format!(
            "Revenue {}{}, purchases {}, visitors {}, abandoned carts {}.",
            self.money.text(day.revenue),
            versus.unwrap_or_default(),
            whole(day.purchases),
            whole(day.visitors),
            whole(day.abandoned_carts)
        )
    }

    fn day_at(&self, place: usize) -> NaiveDate {
        let back = u64::try_from(DAYS - 1 - place).unwrap_or(0);
        self.date.checked_sub_days(Days::new(back)).unwrap_or(self.date)
    }

    fn number(&self, value: Decimal, unit: Unit, is_average: bool) -> String {
        match unit {
            Unit::Money => self.money.text(value),
            Unit::Count => grouped(value, u32::from(is_average)),
            Unit::Percent => format!("{}%", grouped(value, 2)),
        }
    }
}

fn whole(number: i64) -> String {
    grouped(Decimal::from(number), 0)
}

/// The days with data among the seven before the report's.
fn before(week: &Week) -> Vec<DayFigures> {
    week.days[..DAYS - 1].iter().flatten().copied().collect()
}

/// How far `value` is from `other`, in percent of that. Less than half a percent is neither good nor bad.
fn change(value: Decimal, other: Decimal, more_is_good: Option<bool>) -> Change {
    let difference = value - other;
    let percent = (difference * Decimal::ONE_HUNDRED).checked_div(other.abs()).map(|percent| grouped(percent, 0));
    let text = match percent.as_deref() {
        _ if difference.is_zero() => "same".to_owned(),
        // There is no percentage of nothing.
        None => "from 0".to_owned(),
        Some("0") => "\u{b1}0%".to_owned(),
        Some(percent) => format!("{}{percent}%", if difference.is_sign_positive() { "+" } else { "" }),
    };
    let tone = match more_is_good {
        Some(more_is_good) if !difference.is_zero() && percent.as_deref() != Some("0") => {
            if more_is_good == difference.is_sign_positive() { Tone::Good } else { Tone::Bad }
        }
        _ => Tone::Even,
    };
    Change { text, tone }
}

/// The length of a bar: something is never nothing.
fn percent(value: Decimal, longest: Decimal) -> u8 {
    let percent = (value.max(Decimal::ZERO) * Decimal::ONE_HUNDRED).checked_div(longest).unwrap_or_default().ceil();
    u8::try_from(percent).unwrap_or(0).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_in_percent_of_what_was_before() {
        for (value, other, text, tone) in [
            (150, 100, "+50%", Tone::Good),
            (50, 100, "-50%", Tone::Bad),
            (100, 100, "same", Tone::Even),
            (5, 0, "from 0", Tone::Good),
            (0, 0, "same", Tone::Even),
            (0, 5, "-100%", Tone::Bad),
            (10_000, 1, "+999,900%", Tone::Good),
            // Too little for a sign of its own.
            (1_004, 1_000, "\u{b1}0%", Tone::Even),
            (996, 1_000, "\u{b1}0%", Tone::Even),
            (1_005, 1_000, "+1%", Tone::Good),
            (995, 1_000, "-1%", Tone::Bad),
            // Refunds.
            (-50, -100, "+50%", Tone::Good),
            (100, -100, "+200%", Tone::Good),
        ] {
            let expected = Change { text: text.to_owned(), tone };
            assert_eq!(change(value.into(), other.into(), Some(true)), expected, "{value} after {other}");
            let opposite = match tone {
                Tone::Good => Tone::Bad,
                Tone::Bad => Tone::Good,
                Tone::Even => Tone::Even,
            };
            assert_eq!(change(value.into(), other.into(), Some(false)).tone, opposite, "{value} after {other}");
            assert_eq!(change(value.into(), other.into(), None).tone, Tone::Even, "{value} after {other}");
        }
    }

    #[test]
    fn what_stands_beside_the_subject_says_the_day_in_one_line() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let comparison = Comparison { date, money: Money::of("USD") };
        let mut week = Week::default();
        assert_eq!(comparison.preheader(&week), "No data of this day have been loaded.");
        let day = DayFigures {
            revenue: Decimal::from(1_500),
            purchases: 1_234,
            visitors: 98_765,
            abandoned_carts: 1,
            ..DayFigures::default()
        };
        week.days[DAYS - 1] = Some(day);
        let rest = "purchases 1,234, visitors 98,765, abandoned carts 1.";
        assert_eq!(comparison.preheader(&week), format!("Revenue $1,500.00, {rest}"));
        week.days[0] = Some(DayFigures { revenue: Decimal::from(1_000), ..day });
        assert_eq!(comparison.preheader(&week), format!("Revenue $1,500.00 (+50% against Mon 29 Dec), {rest}"));
    }
}
