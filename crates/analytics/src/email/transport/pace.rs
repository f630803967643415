//! How many mails a second go to one server, and to the addresses of one domain there.

use std::num::NonZeroU32;

use common::config::MailSettings;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// More domains than this, and those that have not been sent to for a while are forgotten.
const DOMAINS: usize = 10_000;

/// The pace of one server; a limit that is switched off (0) does not wait.
pub(super) struct Pace {
    all: Option<DefaultDirectRateLimiter>,
    domains: Option<DefaultKeyedRateLimiter<String>>,
}

impl Pace {
    pub(super) fn new(settings: &MailSettings) -> Self {
        // Without a pause at most a tenth of a second's mails: with all of them the first second would have twice as many.
        let quota = |many: u32| {
            let burst = NonZeroU32::new(many / 10).unwrap_or(NonZeroU32::MIN);
            NonZeroU32::new(many).map(|many| Quota::per_second(many).allow_burst(burst))
        };
        Self {
            all: quota(settings.per_second).map(RateLimiter::direct),
            domains: quota(settings.per_domain_per_second).map(RateLimiter::keyed),
        }
    }

    /// Waits until one more mail may be sent to an address of this domain.
    pub(super) async fn turn(&self, domain: &str) {
        if let Some(domains) = &self.domains {
            if domains.len() > DOMAINS {
                self.forget_idle();
            }
            domains.until_key_ready(&domain.to_lowercase()).await;
        }
        // The domain first: who waits for it takes no turn from the others.
        if let Some(all) = &self.all {
            all.until_ready().await;
        }
    }

    /// Forgets the domains that have all of their allowance again.
    pub(super) fn forget_idle(&self) {
        if let Some(domains) = &self.domains {
            domains.retain_recent();
            domains.shrink_to_fit();
        }
    }
}
