//! The demo tenant's GA4 export: daily files shaped like `bq extract`, users and branches, all made up and repeatable.
//!
//! Called by `data-service demo`; its files go through the real pipeline. A day's file is a pure function of (seed, day,
//! zone, visitors per day): a longer range adds files and changes none, and a visit that crosses midnight is found in
//! both days' files. Every visit has a chance of its own (`chance`), so more visitors add visits and change none.

mod basket;
mod calendar;
mod catalogue;
mod chance;
mod event;
mod people;
mod plot;
mod row;
mod shard;
mod story;
mod surroundings;
mod tables;
mod visit;
mod words;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Mutex};

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use chrono_tz::Tz;

use catalogue::Catalogue;
use people::People;

/// Visitors of an average working day by default: about 600 rows a day.
pub const DEFAULT_VISITORS_PER_DAY: u32 = 64;
/// The seed of `make demo`.
pub const DEFAULT_SEED: u64 = 2026;
/// Known users of the shop.
pub const USERS: usize = 570;
/// Branches `D01` to `D12`.
pub const BRANCHES: usize = 12;

/// What to generate and where to.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// the same seed gives the same files
    pub seed: u64,
    /// first day
    pub from: NaiveDate,
    /// last day, inclusive
    pub to: NaiveDate,
    /// the property's time zone: days, hours of business and `event_date` are its
    pub zone: Tz,
    /// visitors of an average working day; Saturdays have about a third of them, Sundays a fifth
    pub visitors_per_day: u32,
    /// folder to write to; made when it is missing
    pub out_dir: PathBuf,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoSummary {
    /// the daily files, oldest first
    pub files: Vec<PathBuf>,
    /// `users.csv`
    pub users_file: PathBuf,
    /// `locations.csv`
    pub locations_file: PathBuf,
    /// event rows in all daily files
    pub rows: u64,
    /// visits begun, those without ids not counted
    pub visits: u64,
    /// purchase rows, double-fired ones included
    pub purchase_rows: u64,
    /// users in `users.csv`
    pub users: usize,
    /// branches in `locations.csv`
    pub locations: usize,
}

/// Writes `events_YYYYMMDD.json.gz` for each day of the range, `users.csv` and `locations.csv`.
///
/// Each file appears whole or not at all (written beside and renamed). Memory does not grow with range or visitors.
///
/// # Errors
/// When the range ends before it begins, or a file cannot be written.
pub fn generate(opts: &DemoOptions) -> anyhow::Result<DemoSummary> {
    let DemoOptions { seed, from, to, zone, visitors_per_day, out_dir } = opts;
    ensure!(from <= to, "the demo would end ({to}) before it begins ({from})");
    std::fs::create_dir_all(out_dir).with_context(|| format!("cannot make the folder {}", out_dir.display()))?;
    let world = World {
        seed: *seed,
        zone: *zone,
        visitors_per_day: *visitors_per_day,
        catalogue: Catalogue::new(),
        people: People::new(*seed),
    };
    let users_file = tables::write_users(out_dir, &world.people)?;
    let locations_file = tables::write_locations(out_dir)?;

    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| day <= to).collect();
    let mut shards = write_all(&world, &days, opts)?;
    shards.sort_by(|a, b| a.file.cmp(&b.file));
    let mut summary = DemoSummary {
        users_file,
        locations_file,
        users: world.people.users.len(),
        locations: BRANCHES,
        ..DemoSummary::default()
    };
    for shard in shards {
        summary.rows += shard.rows;
        summary.visits += shard.visits;
        summary.purchase_rows += shard.purchase_rows;
        summary.files.push(shard.file);
    }
    Ok(summary)
}

/// Everything a day's file depends on.
struct World {
    seed: u64,
    zone: Tz,
    visitors_per_day: u32,
    catalogue: Catalogue,
    people: People,
}

/// One thread a core takes day after day; the first failure ends all of them.
fn write_all(world: &World, days: &[NaiveDate], opts: &DemoOptions) -> anyhow::Result<Vec<shard::Written>> {
    let next = Mutex::new(days.iter());
    let work = || {
        let mut written = Vec::new();
        loop {
            let Some(day) = next.lock().ok().and_then(|mut days| days.next()) else {
                return Ok(written);
            };
            match shard::write(world, *day, &opts.out_dir) {
                Ok(shard) => written.push(shard),
                Err(error) => {
                    // Nobody begins another day.
                    if let Ok(mut days) = next.lock() {
                        *days = [].iter();
                    }
                    return Err(error);
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut written = Vec::new();
        for worker in workers {
            let part: anyhow::Result<Vec<shard::Written>> =
                worker.join().map_err(|_| anyhow::anyhow!("a thread of the generator failed"))?;
            written.extend(part?);
        }
        Ok(written)
    })
}
