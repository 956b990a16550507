//! The position of a request in a trace (W3C Trace Context, `traceparent`), and whether it is
//! sampled.
//!
//! A request that is not sampled has no [`Trace`], which costs one branch.

use http::{HeaderMap, HeaderName, HeaderValue};
use rand::Rng as _;

/// The position of a sampled request in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The trace, never 0.
    pub(crate) id: u128,
    /// The client's span, if it sent one.
    pub(crate) parent: Option<u64>,
    /// The request's own span, never 0.
    pub(crate) span: u64,
}

/// Which requests are sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// Whether the client's sampling decision is followed.
    pub(crate) follows_parent: bool,
    /// The share of other traces, 0 to 1.
    pub(crate) share: f64,
}

/// The client's own span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parent {
    trace: u128,
    span: u64,
    is_sampled: bool,
}

impl Sampling {
    /// The position of a request, if it is sampled.
    pub(crate) fn begin(self, headers: &HeaderMap) -> Option<Trace> {
        let parent = Parent::of(headers);
        let mut random = rand::rng();
        let id = parent.map_or_else(|| random.random_range(1..=u128::MAX), |it| it.trace);
        let is_sampled = match parent {
            Some(parent) if self.follows_parent => parent.is_sampled,
            _ => self.takes(id),
        };
        let parent = parent.map(|it| it.span);
        is_sampled.then(|| Trace { id, parent, span: random.random_range(1..=u64::MAX) })
    }

    /// Whether a trace is sampled, by the random end of its ID, so that every process with the same
    /// share agrees.
    fn takes(self, trace: u128) -> bool {
        let bound = (self.share.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64;
        (trace as u64) >> 1 < bound
    }
}

impl Trace {
    /// The span of the attempt `nth`; the first is 1.
    pub(crate) fn attempt(&self, nth: u32) -> u64 {
        // Odd, so that no two attempts have the same span.
        let span = self.span.wrapping_add(u64::from(nth).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        span.max(1)
    }

    /// The `traceparent` for the provider of attempt `nth`.
    pub(crate) fn told_to(&self, nth: u32) -> HeaderValue {
        let mut text = *b"00-................................-................-01";
        write_hex(&mut text[3..35], &self.id.to_be_bytes());
        write_hex(&mut text[36..52], &self.attempt(nth).to_be_bytes());
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The ID of the trace as it is written everywhere.
    pub(crate) fn id_text(id: u128) -> [u8; 32] {
        let mut text = [0; 32];
        write_hex(&mut text, &id.to_be_bytes());
        text
    }
}

/// Two digits for each byte.
fn write_hex(text: &mut [u8], bytes: &[u8]) {
    for (digits, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *digits = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
    }
}

impl Parent {
    /// The client's span, if the header is valid and unique.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::read(value.to_str().ok()?),
            _ => None,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let version = hex(text.get(..2)?)?;
        let (is_known, is_longer) = (version == 0, text.len() > LENGTH);
        // A later version may add fields after another dash.
        if version == 0xff
            || (is_longer && (is_known || text.as_bytes().get(LENGTH) != Some(&b'-')))
        {
            return None;
        }
        let mut parts = text.get(2..LENGTH)?.strip_prefix('-')?.split('-');
        let mut part = |length| parts.next().filter(|part| part.len() == length).and_then(hex);
        let (trace, span, flags) = (part(32)?, part(16)?, part(2)?);
        let is_whole = parts.next().is_none() && trace != 0 && span != 0;
        is_whole.then_some(Self { trace, span: span as u64, is_sampled: flags & 1 == 1 })
    }
}

/// Lower-case digits, as the standard requires.
fn hex(digits: &str) -> Option<u128> {
    let is_hex = digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex { u128::from_str_radix(digits, 16).ok() } else { None }
}

/// The header that names the caller's span.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header that holds what tracing systems say to each other beside it.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// `00-`, the trace, `-`, the span, `-01`.
const LENGTH: usize = 55;
const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::{HeaderMap, HeaderValue};

    use super::{Parent, Sampling, TRACEPARENT};

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(values: &[&str]) -> HeaderMap {
        let value = |text: &&str| (TRACEPARENT, HeaderValue::from_str(text).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in values.iter().map(value) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn traceparent_is_read_as_the_standard_wants_it() {
        let parent = Parent::read(PARENT).unwrap();
        assert_eq!(parent.trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((parent.span, parent.is_sampled), (0xb7ad_6b71_6920_3331, true));
        let changed = |from: &str, to: &str| Parent::read(&PARENT.replacen(from, to, 1));
        assert!(!changed("-01", "-00").unwrap().is_sampled);
        assert!(changed("-01", "-03").unwrap().is_sampled);
        // A later version may say more.
        assert!(changed("00-", "01-").is_some());
        assert!(Parent::read(&format!("01{}-more", &PARENT[2..])).is_some());
        for (from, to) in [
            ("00-", "ff-"),
            ("0af7", "0AF7"),
            ("0af7", "0af"),
            ("-01", "-1"),
            ("-01", "-01-more"),
            ("-01", "-0g"),
            ("-", "_"),
            ("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            ("b7ad6b7169203331", "0000000000000000"),
            ("0af7651916cd43dd", "0af7651916cd-43d"),
            (PARENT, ""),
            (PARENT, "00"),
            (PARENT, "é"),
        ] {
            assert_eq!(changed(from, to), None, "{to} for {from}");
        }
        assert_eq!(Parent::read(&format!("01{}more", &PARENT[2..])), None);
    }

    #[test]
    fn a_client_is_followed_unless_it_says_two_things() {
        let all = Sampling { follows_parent: true, share: 1.0 };
        let trace = all.begin(&headers(&[PARENT])).unwrap();
        assert_eq!(trace.parent, Some(0xb7ad_6b71_6920_3331));
        assert_eq!(trace.id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        let unsampled = PARENT.replace("-01", "-00");
        assert_eq!(all.begin(&headers(&[&unsampled])), None);
        let blind = Sampling { follows_parent: false, share: 1.0 };
        assert_eq!(blind.begin(&headers(&[&unsampled])).unwrap().id, trace.id);
        let none = Sampling { follows_parent: true, share: 0.0 };
        assert!(none.begin(&headers(&[PARENT])).is_some() && none.begin(&headers(&[])).is_none());
        let twice = all.begin(&headers(&[PARENT, PARENT])).unwrap();
        assert!(twice.parent.is_none() && twice.id != trace.id);
    }

    #[test]
    fn the_share_is_met() {
        let tenth = Sampling { follows_parent: true, share: 0.1 };
        let sampled = (0..20_000).filter(|_| tenth.begin(&HeaderMap::new()).is_some()).count();
        assert!((1_700..2_300).contains(&sampled), "{sampled} of 20 000");
    }

    #[test]
    fn each_attempt_has_a_span_of_its_own() {
        let trace = Sampling { follows_parent: true, share: 1.0 }.begin(&HeaderMap::new()).unwrap();
        let spans: HashSet<u64> = (1..100).map(|nth| trace.attempt(nth)).collect();
        assert!(spans.len() == 99 && !spans.contains(&trace.span) && !spans.contains(&0));
        let told = Parent::read(trace.told_to(3).to_str().unwrap()).unwrap();
        assert_eq!((told.trace, told.span, told.is_sampled), (trace.id, trace.attempt(3), true));
    }
}
