//! Which headers of a response tell how its request was served.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use http::HeaderValue;

use super::{Outcome, Record};
use crate::words::Headers;

impl Record {
    /// Which headers of a response tell how its request was served.
    pub(crate) fn headers(&self) -> Headers {
        self.headers
    }

    /// The value of `server-timing`.
    pub(crate) fn server_timing(&self) -> Option<HeaderValue> {
        let first_byte = self.first_byte.unwrap_or_else(|| self.started.elapsed());
        let own = first_byte.saturating_sub(self.waited);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let queued = self.queued().unwrap_or_default();
        let (upstream, own) = (millis(self.waited.saturating_sub(queued)), millis(own));
        let queue = match queued.is_zero() {
            true => String::new(),
            false => format!("queue;dur={:.3}, ", millis(queued)),
        };
        HeaderValue::try_from(format!("{queue}upstream;dur={upstream:.3}, gateway;dur={own:.3}"))
            .ok()
    }

    /// The value of `x-onwards-attempts`.
    pub(crate) fn attempts(&self) -> Option<HeaderValue> {
        if self.headers == Headers::None {
            return None;
        }
        let pools = &self.served_by.as_ref()?.pools;
        match self.trail.steps() {
            [] => None,
            [step] if step.outcome == Outcome::Status(OK) => {
                Some(pools.provider(step.provider).served_value.clone())
            }
            steps => {
                let mut text = String::with_capacity(32 * steps.len());
                for (nth, step) in steps.iter().enumerate() {
                    if nth > 0 {
                        text.push(',');
                    }
                    let name = &pools.provider(step.provider).name;
                    // Clients and proxies refuse long headers, and with them the answer.
                    if text.len() + name.len() > LONGEST_TRAIL {
                        let _ = write!(text, "+{}", steps.len() - nth);
                        break;
                    }
                    text.push_str(name);
                    text.push('=');
                    step.outcome.push_to(&mut text);
                }
                HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
            }
        }
    }
}

/// The most bytes of the trail that a client is shown; the rest is a number.
const LONGEST_TRAIL: usize = 4_000;
const OK: u16 = 200;
