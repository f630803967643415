//! One visit: who comes, when, from where, on which device. What they do is a plot's.

use chrono::NaiveDate;

use super::{
    World,
    basket::{CAD, KWD, USD},
    calendar,
    chance::{Chance, Purpose, mix},
    people::{Device, User},
    plot::Teller,
    story::{Story, Visit},
    surroundings::{CANADA, DEVICES, KUWAIT, PLACES, SOURCES},
};

/// The visit with this number of a day; late ones begin minutes before midnight and go on after it.
pub(super) fn tell(world: &World, day: NaiveDate, number: u64, late: bool) -> Visit {
    let day_number = calendar::number(day);
    let purpose = if late { Purpose::LateVisit } else { Purpose::Visit };
    let chance = &mut Chance::of(world.seed, purpose, day_number, number);
    let now = begin(world, chance, day, number, late);
    let user = chance.percent(38.0).then(|| &world.people.users[chance.skewed(world.people.users.len())]);
    let consented = late || chance.percent(95.0);
    let device = consented.then(|| device(world, chance, user, now));
    let (currency, geo) = match chance.unit() {
        u if u < 0.03 => (&CAD, &CANADA),
        u if u < 0.036 => (&KWD, &KUWAIT),
        _ => (&USD, chance.weighted(&PLACES)),
    };
    let visit = Visit {
        session: device.as_ref().map(|_| now / 1_000_000),
        device_info: device.as_ref().map_or(&DEVICES[0].1, |device| by_key(&DEVICES, device.key)),
        device,
        geo,
        source: chance.weighted(&SOURCES),
        events: Vec::new(),
    };
    let mut teller = Teller {
        world,
        user,
        known: false,
        currency,
        order: order_number(day_number, number, late),
        story: Story::begin(chance, visit, now),
    };
    if consented {
        teller.tell(late);
    } else {
        teller.tell_unrecognised();
    }
    teller.story.visit
}

/// When the visit begins. One in forty begins in the same second as the one before it and so shares its session id, which
/// is what happens in one of forty visits of a large shop.
fn begin(world: &World, chance: &mut Chance, day: NaiveDate, number: u64, late: bool) -> i64 {
    if late {
        return calendar::late_time(chance, world.zone, day);
    }
    let own = calendar::business_time(chance, world.zone, day);
    if number % 40 != 1 {
        return own;
    }
    let twin = &mut Chance::of(world.seed, Purpose::Visit, calendar::number(day), number - 1);
    let second = calendar::business_time(twin, world.zone, day) / 1_000_000;
    second * 1_000_000 + own % 1_000_000
}

/// A known user's own device, a stranger's who has been here before, or a new one.
fn device(world: &World, chance: &mut Chance, user: Option<&User>, now: i64) -> Device {
    match user {
        Some(user) => Device::of_user(world.seed, user, chance.percent(20.0)),
        None if chance.percent(25.0) => {
            let regular = chance.between(0, 400).unsigned_abs();
            Device::new(
                mix(world.seed ^ regular),
                1_690_000_000_000_000 + i64::try_from(regular).unwrap_or_default() * 86_000_000,
            )
        }
        None => Device::new(chance.between(0, i64::MAX).unsigned_abs(), now),
    }
}

/// A device always is of the same kind.
fn by_key<T>(list: &'static [(u32, T)], key: u64) -> &'static T {
    let mut left = u32::try_from(key % 100).unwrap_or_default();
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

/// Unique over all days: up to 90,000 visits a day, and 10,000 late ones.
fn order_number(day: i64, visit: u64, late: bool) -> i64 {
    day * 100_000 + i64::try_from(visit).unwrap_or_default() + if late { 90_000 } else { 0 }
}
