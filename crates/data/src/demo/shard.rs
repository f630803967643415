//! One daily file: the visits of the day, and what visits of the evening before did after midnight.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::NaiveDate;
use flate2::{Compression, write::GzEncoder};

use super::{World, calendar, row, story::Visit, visit};

/// Bytes that are collected before they are compressed.
const CHUNK: usize = 256 * 1024;

/// What one file holds.
pub(super) struct Written {
    pub file: PathBuf,
    pub rows: u64,
    pub visits: u64,
    pub purchase_rows: u64,
}

/// Writes the file of a day.
pub(super) fn write(world: &World, day: NaiveDate, folder: &Path) -> anyhow::Result<Written> {
    let date = day.format("%Y%m%d").to_string();
    let file = folder.join(format!("events_{date}.json.gz"));
    let part = folder.join(format!(".events_{date}.json.gz.part"));
    let mut shard = Shard {
        world,
        day,
        date,
        lines: Vec::with_capacity(2 * CHUNK),
        // Level 1: these files are read once or twice. The header holds no time, so equal days are equal bytes.
        out: GzEncoder::new(
            File::create(&part).with_context(|| format!("cannot write {}", part.display()))?,
            Compression::fast(),
        ),
        written: Written { file, rows: 0, visits: 0, purchase_rows: 0 },
    };
    let visits = calendar::visits_of(world.seed, day, world.visitors_per_day);
    if let Some(eve) = day.pred_opt() {
        for number in 0..late_visits(world, eve) {
            shard.add(&visit::tell(world, eve, number, true), false)?;
        }
    }
    for number in 0..visits {
        shard.add(&visit::tell(world, day, number, false), true)?;
    }
    for number in 0..late_visits(world, day) {
        shard.add(&visit::tell(world, day, number, true), true)?;
    }
    let Shard { mut out, lines, written, .. } = shard;
    out.write_all(&lines)?;
    out.finish()?;
    fs::rename(&part, &written.file).with_context(|| format!("cannot write {}", written.file.display()))?;
    Ok(written)
}

/// Visits of a day that cross the midnight after it: one at least.
fn late_visits(world: &World, day: NaiveDate) -> u64 {
    1 + calendar::visits_of(world.seed, day, world.visitors_per_day) / 80
}

struct Shard<'a> {
    world: &'a World,
    day: NaiveDate,
    date: String,
    lines: Vec<u8>,
    out: GzEncoder<File>,
    written: Written,
}

impl Shard<'_> {
    /// Adds the events of a visit that fall on this file's day; the others are another file's, or of no file.
    fn add(&mut self, visit: &Visit, begun_here: bool) -> anyhow::Result<()> {
        self.written.visits += u64::from(begun_here && visit.session.is_some());
        for event in &visit.events {
            if calendar::local_day(self.world.zone, event.at) != self.day {
                continue;
            }
            row::write(&mut self.lines, visit, event, &self.date)?;
            self.written.rows += 1;
            self.written.purchase_rows += u64::from(event.name == "purchase");
        }
        if self.lines.len() >= CHUNK {
            self.out.write_all(&self.lines)?;
            self.lines.clear();
        }
        Ok(())
    }
}
