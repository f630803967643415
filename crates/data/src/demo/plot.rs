//! The plots: what different visitors come for, from a glance at one page to an order.

use super::{
    World,
    basket::{self, Currency, Line},
    catalogue::{Product, category_url},
    event::Param,
    people::{LOCATIONS, User},
    story::Story,
    words,
};

/// Why somebody comes.
#[derive(Clone, Copy, PartialEq)]
enum Plot {
    Glance,
    Browse,
    Search,
    Shop,
}

/// Known customers come to buy, strangers to look.
const PLOTS_KNOWN: [(u32, Plot); 4] = [(12, Plot::Glance), (34, Plot::Browse), (26, Plot::Search), (28, Plot::Shop)];
const PLOTS_STRANGER: [(u32, Plot); 4] = [(48, Plot::Glance), (30, Plot::Browse), (14, Plot::Search), (8, Plot::Shop)];

/// Tells what one visitor does.
pub(super) struct Teller<'a> {
    pub world: &'a World,
    /// who it is, whether the site knows or not
    pub user: Option<&'a User>,
    /// logged in by now
    pub known: bool,
    pub currency: &'static Currency,
    /// the number of an order, should there be one
    pub order: i64,
    pub story: Story<'a>,
}

impl Teller<'_> {
    /// A visitor whom the tags may recognise; late ones always come to buy, so that carts and orders cross midnights.
    pub fn tell(&mut self, late: bool) {
        let plots = if self.user.is_some() { &PLOTS_KNOWN } else { &PLOTS_STRANGER };
        let plot = if late { Plot::Shop } else { *self.story.chance.weighted(plots) };
        if self.user.is_some() && (plot == Plot::Glance || self.story.chance.percent(60.0)) {
            self.recognise();
        }
        self.choose_branch();
        self.land(plot);
        match plot {
            Plot::Glance => {}
            Plot::Browse => self.browse(),
            Plot::Search => self.search(),
            Plot::Shop => self.shop(),
        }
    }

    /// A visitor without consent: pings without visitor and session, the branch as a parameter at best.
    pub fn tell_unrecognised(&mut self) {
        for _ in 0..self.story.chance.between(1, 3) {
            self.wander();
            self.story.wait(5, 60);
        }
        if self.story.chance.percent(30.0) {
            let term = words::FOUND[self.story.chance.skewed(words::FOUND.len())];
            let branch = LOCATIONS[self.story.chance.skewed(LOCATIONS.len())].0;
            let params = vec![Param::text("search_term", term), Param::text("default_branch_id", branch)];
            self.story.tell("view_search_results", params);
        }
    }

    /// The site knows the customer: the number is a user property, from some pages as text, from others as a number.
    fn recognise(&mut self) {
        let Some(user) = self.user else {
            return;
        };
        self.known = true;
        let id = user.id.to_string();
        let property = if self.story.chance.percent(85.0) {
            Param::text("WebUserId", id.clone())
        } else {
            Param::int("WebUserId", user.id)
        };
        self.story.set(property);
        self.story.set(Param::text("default_branch_id", LOCATIONS[user.branch].0));
        if self.story.chance.percent(50.0) {
            self.story.identify(id);
        }
    }

    /// A login on the way, which makes the whole visit the customer's.
    fn log_in(&mut self) {
        if self.known || self.user.is_none() {
            return;
        }
        self.story.open_path("/account/login", "Sign In");
        self.story.wait(6, 40);
        self.recognise();
        self.story.tell("login", vec![Param::text("method", "password")]);
    }

    /// Strangers name a branch by the store picker, most of them; some never do, some tags say `(not set)`.
    fn choose_branch(&mut self) {
        if self.known {
            return;
        }
        match self.story.chance.unit() {
            u if u < 0.8 => {
                let branch = LOCATIONS[self.story.chance.skewed(LOCATIONS.len())].0;
                self.story.set(Param::text("default_branch_id", branch));
            }
            u if u < 0.88 => self.story.set(Param::text("default_branch_id", "(not set)")),
            _ => {}
        }
    }

    fn product(&mut self) -> &Product {
        let products = &self.world.catalogue.products;
        &products[self.story.chance.skewed(products.len())]
    }

    /// The first page: the home page, a category, a product, or one of the others.
    fn land(&mut self, plot: Plot) {
        match self.story.chance.unit() {
            u if u < 0.35 => self.story.open_path("/", "Northfield Industrial Supply"),
            u if u < 0.55 || plot != Plot::Glance => self.list(),
            u if u < 0.85 => {
                self.look();
            }
            _ => self.wander(),
        }
        self.story.read(3, 40);
    }

    /// Some page that sells nothing.
    fn wander(&mut self) {
        let (path, title) = *self.story.chance.pick(&words::PAGES);
        self.story.open_path(path, title);
    }

    /// A category's page.
    fn list(&mut self) {
        let category = self.product().category2;
        self.story.open(category_url(category), category);
        self.story.tell("view_item_list", vec![Param::text("item_list_name", category)]);
    }

    /// A product's page; now and then its item did not make it into the event.
    fn look(&mut self) -> usize {
        let place = self.story.chance.skewed(self.world.catalogue.products.len());
        let product = &self.world.catalogue.products[place];
        self.story.open(product.url.clone(), format!("{} | Northfield Supply", product.name));
        let item =
            if self.story.chance.percent(2.0) { basket::filler() } else { basket::item(product, None, self.currency) };
        let event = self.story.tell("view_item", vec![Param::text("currency", self.currency.code)]);
        event.items.push(item);
        place
    }

    fn browse(&mut self) {
        let pages = self.story.chance.between(1, 7);
        for page in 0..pages {
            match self.story.chance.unit() {
                u if u < 0.55 => {
                    self.look();
                }
                u if u < 0.85 => self.list(),
                _ => self.wander(),
            }
            self.story.read(4, 90);
            if page == pages / 2 {
                self.log_in();
            }
        }
    }

    /// Looks for things by name; what is not found is tried again in other words, or is the end.
    fn search(&mut self) {
        for _ in 0..self.story.chance.between(1, 5) {
            let missed = self.story.chance.percent(32.0);
            let pool: &[&'static str] = if missed { &words::NOT_FOUND } else { &words::FOUND };
            let term = pool[self.story.chance.skewed(pool.len())];
            self.story.open_path(&format!("/search?q={}", term.trim().replace(' ', "+")), "Search Results");
            if missed {
                // An older page of the shop sends the alias.
                if self.story.chance.percent(15.0) {
                    self.story.tell("view_search_results_no_results", vec![Param::text("search_term", term)]);
                } else {
                    self.story.tell("no_search_results", vec![Param::text("no_search_results_term", term)]);
                }
                self.story.read(3, 20);
                if self.story.chance.percent(30.0) {
                    return;
                }
                continue;
            }
            self.story.tell(
                "view_search_results",
                vec![Param::text("search_term", term), Param::int("unique_search_term", 1)],
            );
            self.story.read(3, 30);
            if self.story.chance.percent(55.0) {
                self.look();
                self.story.read(5, 90);
            }
        }
        self.log_in();
        if self.story.chance.percent(18.0) {
            self.shop();
        }
    }

    /// Fills a cart; about one in three known customers checks out, fewer strangers do.
    fn shop(&mut self) {
        let world = self.world;
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..self.story.chance.between(1, 4) {
            let place = self.look();
            self.story.read(5, 80);
            let product = &world.catalogue.products[place];
            let mut added = vec![Line { product, quantity: basket::quantity(self.story.chance, product) }];
            if self.story.chance.percent(8.0) {
                // The quick order pad adds a whole list at once.
                for _ in 0..self.story.chance.between(1, 4) {
                    let product = &world.catalogue.products[self.story.chance.skewed(world.catalogue.products.len())];
                    added.push(Line { product, quantity: basket::quantity(self.story.chance, product) });
                }
            }
            self.add_to_cart(&added);
            lines.extend(added);
            self.story.wait(2, 30);
        }
        self.story.open_path("/cart", "Cart");
        self.story.tell("view_cart", vec![Param::text("currency", self.currency.code)]);
        self.story.read(4, 60);
        self.log_in();
        let buys = if self.known { 36.0 } else { 13.0 };
        if self.story.chance.percent(buys) {
            self.story.open_path("/checkout", "Checkout");
            self.story.tell("begin_checkout", vec![Param::text("currency", self.currency.code)]);
            self.story.read(20, 200);
            self.story.open_path("/checkout/complete", "Thank you for your order");
            basket::purchase(&mut self.story, &lines, self.currency, self.order);
            self.story.read(3, 30);
        }
    }

    fn add_to_cart(&mut self, lines: &[Line]) {
        let items = lines
            .iter()
            // Some buttons send no quantity, which means one.
            .map(|line| basket::item(line.product, (line.quantity > 1).then_some(line.quantity), self.currency))
            .collect();
        let event = self.story.tell("add_to_cart", vec![Param::text("currency", self.currency.code)]);
        event.items = items;
        if self.story.chance.percent(3.0) {
            // A nervous finger: the same click once more, equal in everything.
            let again = self.story.visit.events.last().cloned();
            self.story.visit.events.extend(again);
        }
    }
}
