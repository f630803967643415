//! Repeatable chance: a named algorithm, so that a seed means the same rows on every machine and for ever.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng, seq::SliceRandom};

pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// True in `percent` of a hundred throws.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A number from 0 to `end` - 1.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0.random_range(0..end)
    }

    /// One element of a pool.
    pub fn pick<T: Copy>(&mut self, pool: &[T]) -> T {
        pool[self.0.random_range(0..pool.len())]
    }

    /// One element of a pool of (weight, element).
    pub fn weighted<T: Copy>(&mut self, pool: &[(u32, T)]) -> T {
        let total = pool.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, element) in pool {
            if left < *weight {
                return *element;
            }
            left -= weight;
        }
        unreachable!("a throw below the sum of the weights meets one of them")
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        list.shuffle(&mut self.0);
    }
}
