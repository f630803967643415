//! A visit as it is being told: who is here, what time it is, which page is open; every telling adds events.

use super::{
    catalogue::SHOP,
    chance::Chance,
    event::{Event, Param, Text},
    people::Device,
    surroundings::{DeviceInfo, Geo, Source},
};

/// A visit and its events.
pub(super) struct Visit {
    /// `None`: the visitor declined to be recognised
    pub device: Option<Device>,
    pub session: Option<i64>,
    pub device_info: &'static DeviceInfo,
    pub geo: &'static Geo,
    pub source: &'static Source,
    pub events: Vec<Event>,
}

/// The page that is open.
#[derive(Clone)]
struct Page {
    url: Text,
    title: Text,
}

/// Tells one visit.
pub(super) struct Story<'a> {
    pub chance: &'a mut Chance,
    pub visit: Visit,
    session_number: i64,
    /// microseconds since 1970
    now: i64,
    page: Option<Page>,
    /// user properties to send with the next event: GA4 exports them only where they were set
    pending: Vec<Param>,
    /// known to GA4 by its own `user_id` from now on
    user_id: Option<String>,
    /// page, ordering, index of the next event; `None` for an old tag
    batch: Option<[i64; 3]>,
}

impl<'a> Story<'a> {
    /// Begins at an instant in microseconds, with nothing told yet.
    pub fn begin(chance: &'a mut Chance, visit: Visit, now: i64) -> Self {
        let batch = chance.percent(85.0).then_some([now / 1000, 1, 0]);
        let is_new = visit.device.as_ref().is_some_and(|device| device.first_touch == now);
        let session_number = if is_new { 1 } else { chance.between(2, 40) };
        Self { chance, visit, session_number, now, page: None, pending: Vec::new(), user_id: None, batch }
    }

    /// Time passes: from `low` to `high` seconds. What follows is a message of its own.
    pub fn wait(&mut self, low: i64, high: i64) {
        self.now += self.chance.between(low * 1_000_000, high * 1_000_000);
        if let Some([_, ordering, index]) = &mut self.batch {
            *ordering += 1;
            *index = 0;
        }
    }

    /// Puts user properties on the next event.
    pub fn set(&mut self, property: Param) {
        let property = property.set_at(self.now);
        self.pending.push(property);
    }

    /// From here on GA4's own `user_id` is sent too.
    pub fn identify(&mut self, user_id: String) {
        self.user_id = Some(user_id);
    }

    /// Opens a page: `page_view`, and the first one of a visit brings `session_start` before it.
    pub fn open(&mut self, url: impl Into<Text>, title: impl Into<Text>) {
        let referrer = match &self.page {
            Some(page) => Some(page.url.clone()),
            None => self.visit.source.referrer.map(Text::from),
        };
        let is_first = self.page.is_none();
        self.page = Some(Page { url: url.into(), title: title.into() });
        if let Some([page, ordering, index]) = &mut self.batch {
            *page = self.now / 1000;
            *ordering = 1;
            *index = 0;
        }
        if is_first && self.visit.session.is_some() {
            if self.session_number == 1 {
                self.tell("first_visit", Vec::new());
            }
            self.tell("session_start", Vec::new());
        }
        let mut params = Vec::new();
        match referrer {
            Some(referrer) => params.push(Param::text("page_referrer", referrer)),
            None => params.push(Param::empty("page_referrer")),
        }
        if is_first {
            params.push(Param::int("entrances", 1));
        }
        self.tell("page_view", params);
    }

    /// A page of the shop by its path.
    pub fn open_path(&mut self, path: &str, title: &'static str) {
        self.open(format!("{SHOP}{path}"), title);
    }

    /// Reads on for a while: now and then a `scroll`, mostly a `user_engagement` when leaving the page.
    pub fn read(&mut self, low: i64, high: i64) {
        if self.chance.percent(35.0) {
            self.wait(low, low + 4);
            self.tell("scroll", vec![Param::int("percent_scrolled", 90)]);
        }
        self.wait(low, high);
        if self.chance.percent(45.0) {
            let engaged = self.chance.between(low * 1000, high * 1000);
            self.tell("user_engagement", vec![Param::int("engagement_time_msec", engaged)]);
        }
    }

    /// Adds an event of now, on the open page.
    pub fn tell(&mut self, name: &'static str, params: Vec<Param>) -> &mut Event {
        let mut event = Event { name, at: self.now, params, ..Event::default() };
        if let Some(session) = self.visit.session {
            event.params.push(Param::int("ga_session_id", session));
            event.params.push(Param::int("ga_session_number", self.session_number));
            // Text from some tags and a number from others, as in real exports.
            event.params.push(if self.batch.is_some() {
                Param::text("session_engaged", "1")
            } else {
                Param::int("session_engaged", 1)
            });
        }
        if let Some(page) = &self.page {
            event.params.push(Param::text("page_location", page.url.clone()));
            event.params.push(Param::text("page_title", page.title.clone()));
        }
        event.properties = std::mem::take(&mut self.pending);
        event.user_id.clone_from(&self.user_id);
        match &mut self.batch {
            // Events of one message share its timestamp; the index tells them apart.
            Some(batch) => {
                event.batch = Some(*batch);
                batch[2] += 1;
            }
            None => self.now += self.chance.between(1_000, 90_000),
        }
        let place = self.visit.events.len();
        self.visit.events.push(event);
        &mut self.visit.events[place]
    }
}
