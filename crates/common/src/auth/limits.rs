//! How often callers may ask: by tenant and by key, at the doors where nobody is known yet by address and by account, and for
//! tests of a mail server by tenant. Per process: what one lets through, another one may too.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use governor::{
    DefaultKeyedRateLimiter, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use super::actor::client_address;
use crate::{
    config::LimitSettings,
    http::ApiError,
    ids::{ApiKeyId, TenantId},
};

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// How much of its allowance a caller has left; shown in the answer's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until all of it is there again.
    pub reset: u64,
}

/// Where an extractor leaves it for the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShownQuota(Arc<Mutex<Option<Quota>>>);

impl ShownQuota {
    fn set(&self, quota: Quota) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of several the one that is nearest to its end.
        if shown.is_none_or(|shown| quota.remaining < shown.remaining) {
            *shown = Some(quota);
        }
    }

    /// `RateLimit-*`, where the request was counted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some(quota) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return };
        for (name, value) in [
            ("ratelimit-limit", u64::from(quota.limit)),
            ("ratelimit-remaining", u64::from(quota.remaining)),
            ("ratelimit-reset", quota.reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// The allowances of a process; none where it is switched off (0).
#[derive(Debug)]
pub struct Limits {
    tenants: Option<Keyed<TenantId>>,
    keys: Option<Keyed<ApiKeyId>>,
    addresses: Option<Keyed<IpAddr>>,
    accounts: Option<DefaultKeyedRateLimiter<String>>,
    mail_tests: Option<DefaultKeyedRateLimiter<TenantId>>,
    proxies: usize,
}

impl Limits {
    #[must_use]
    pub fn new(settings: &LimitSettings) -> Self {
        let second = |many: u32| {
            NonZeroU32::new(many).map(|many| governor::Quota::per_second(many).allow_burst(many.saturating_mul(TWO)))
        };
        let minute = |many: u32| NonZeroU32::new(many).map(governor::Quota::per_minute);
        Self {
            tenants: second(settings.tenant_per_second).map(|quota| RateLimiter::keyed(quota).with_middleware()),
            keys: second(settings.key_per_second).map(|quota| RateLimiter::keyed(quota).with_middleware()),
            addresses: minute(settings.sign_in_per_minute).map(|quota| RateLimiter::keyed(quota).with_middleware()),
            accounts: minute(settings.sign_in_per_minute).map(RateLimiter::keyed),
            mail_tests: minute(settings.mail_test_per_minute).map(RateLimiter::keyed),
            proxies: settings.trusted_proxies,
        }
    }

    /// Counts a request of a tenant's.
    ///
    /// # Errors
    /// 429 where the tenant or the key has used up its allowance.
    pub fn of_tenant(&self, parts: &Parts, tenant: TenantId, key: Option<ApiKeyId>) -> Result<(), ApiError> {
        if let Some((keys, key)) = self.keys.as_ref().zip(key) {
            counted(keys, &key, parts)?;
        }
        self.tenants.as_ref().map_or(Ok(()), |tenants| counted(tenants, &tenant, parts))
    }

    /// Counts an attempt at a door (login, callback, refresh) by the address it comes from.
    ///
    /// # Errors
    /// 429 where the address has used up its allowance.
    pub fn of_address(&self, parts: &Parts) -> Result<(), ApiError> {
        let Some(addresses) = &self.addresses else { return Ok(()) };
        let address = client_address(parts, self.proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        counted(addresses, &network(address), parts)
    }

    /// Counts an attempt by the account it is about, wherever it comes from.
    ///
    /// # Errors
    /// 429 where the account has used up its allowance.
    pub fn of_account(&self, account: &str) -> Result<(), ApiError> {
        let Some(accounts) = &self.accounts else { return Ok(()) };
        accounts
            .check_key(&account.to_owned())
            .map_err(|wait| too_many(wait.wait_time_from(DefaultClock::default().now())))
    }

    /// Counts a test of the mail server that a tenant has set.
    ///
    /// # Errors
    /// 429 where the tenant has used up its allowance.
    pub fn of_mail_test(&self, tenant: TenantId) -> Result<(), ApiError> {
        let Some(mail_tests) = &self.mail_tests else { return Ok(()) };
        mail_tests.check_key(&tenant).map_err(|wait| too_many(wait.wait_time_from(DefaultClock::default().now())))
    }

    /// Forgets whoever has all of their allowance again; to be called now and then.
    pub fn forget_idle(&self) {
        if let Some(tenants) = &self.tenants {
            tenants.retain_recent();
        }
        if let Some(keys) = &self.keys {
            keys.retain_recent();
        }
        if let Some(addresses) = &self.addresses {
            addresses.retain_recent();
        }
        if let Some(accounts) = &self.accounts {
            accounts.retain_recent();
        }
        if let Some(mail_tests) = &self.mail_tests {
            mail_tests.retain_recent();
        }
    }
}

const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// A household or a company has 2^64 addresses of IPv6: they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn counted<K: std::hash::Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K, parts: &Parts) -> Result<(), ApiError> {
    let (quota, result) = match limiter.check_key(key) {
        Ok(snapshot) => {
            let (limit, remaining) = (snapshot.quota().burst_size().get(), snapshot.remaining_burst_capacity());
            let missing = limit.saturating_sub(remaining);
            let reset = snapshot.quota().replenish_interval().saturating_mul(missing);
            (Quota { limit, remaining, reset: seconds(reset) }, Ok(()))
        }
        Err(wait) => {
            let limit = wait.quota().burst_size().get();
            let until = wait.wait_time_from(DefaultClock::default().now());
            let reset = wait.quota().replenish_interval().saturating_mul(limit);
            (Quota { limit, remaining: 0, reset: seconds(reset) }, Err(too_many(until)))
        }
    };
    if let Some(shown) = parts.extensions.get::<ShownQuota>() {
        shown.set(quota);
    }
    result
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::TooManyRequests { retry_after: seconds(wait).max(1) }
}

/// Rounded up: who comes back then is let in.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
