//! Repeatable chance, drawn from a seed and the place it is for; the algorithm is named, so files never change with a crate.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// What a stream of chance is for, so that no two things share one.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    People = 1,
    Day = 2,
    Visit = 3,
    LateVisit = 4,
    Person = 5,
}

/// A stream of chance.
pub(super) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream of one thing: what it is for, which day, which number.
    pub fn of(seed: u64, purpose: Purpose, day: i64, number: u64) -> Self {
        let key =
            [purpose as u64, day.cast_unsigned(), number].into_iter().fold(seed, |key, part| mix(key ^ mix(part)));
        Self(Xoshiro256PlusPlus::seed_from_u64(key))
    }

    /// True in `percent` of a hundred draws.
    pub fn percent(&mut self, percent: f64) -> bool {
        self.unit() * 100.0 < percent
    }

    /// A number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// An index below `len`, small ones more often: the skew of customers, products and terms.
    pub fn skewed(&mut self, len: usize) -> usize {
        let u = self.unit();
        ((u * u * len as f64) as usize).min(len.saturating_sub(1))
    }

    /// One element of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.0.random_range(0..list.len())]
    }

    /// One element of a list of (weight, element).
    pub fn weighted<'a, T>(&mut self, list: &'a [(u32, T)]) -> &'a T {
        let total: u32 = list.iter().map(|(weight, _)| weight).sum();
        let mut left = self.0.random_range(0..total);
        let mut chosen = &list[0].1;
        for (weight, element) in list {
            chosen = element;
            if left < *weight {
                break;
            }
            left -= weight;
        }
        chosen
    }
}

/// The finalizer of SplitMix64: neighbouring numbers become unrelated ones.
pub(super) fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
