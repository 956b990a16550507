//! A stream that is cleaned on its way. An error, or an event that is invalid in its protocol,
//! becomes an error event of the router and ends the stream.
//!
//! It never sends half an event.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::mask::Logger;
use crate::{
    failure::{Brief, ErrorClasses, Failure, What},
    protocol::{
        Protocol,
        strict::events::{Stop, StreamCleaner},
    },
    table::Provider,
    upstream::{
        answer::AnswerBody,
        failed::Failed,
        filtered::{Filter, Filtered, Unopened},
        inbound::Inbound,
    },
};

/// A provider's stream through a cleaner, from the first bytes that may be passed on.
///
/// # Errors
/// The stream broke, or was invalid, before anything was passed on.
pub(super) async fn cleaned(
    source: AnswerBody,
    cleaner: Box<dyn StreamCleaner>,
    (provider, inbound): (&Provider, &Inbound),
    status: StatusCode,
) -> Result<AnswerBody, Failed> {
    let (speaks, classes) = (inbound.speaks(), Arc::clone(&provider.own_classes));
    let log = Logger::of(provider, inbound);
    let model = (&*inbound.alias).into();
    let mut body = Filtered::new(source, Cleaning { cleaner, speaks, model, classes, log });
    match body.open().await {
        Ok(()) => {}
        Err(Unopened::Stopped(Stop::Malformed)) => {
            return Err(Failed::malformed(status, NOT_ITS_PROTOCOL));
        }
        Err(Unopened::Stopped(told)) => body.stop(told),
        Err(Unopened::Broken(broken)) => return Err(Failed::new(broken.what, BROKE_OFF.into())),
    }
    match body.is_empty() {
        true => Err(Failed::empty(status)),
        false => Ok(AnswerBody::from_source(Box::new(body))),
    }
}

/// A cleaner as a filter.
struct Cleaning {
    cleaner: Box<dyn StreamCleaner>,
    speaks: Protocol,
    /// The requested alias.
    model: Box<str>,
    classes: Arc<ErrorClasses>,
    log: Logger,
}

impl Filter for Cleaning {
    type Stop = Stop;

    fn feed(&mut self, piece: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.cleaner.feed(piece, out)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.cleaner.end(out)
    }

    /// An error of the router.
    fn stopped(&mut self, stop: Stop, source: Option<Brief>, out: &mut Vec<u8>) -> Brief {
        // A translated stream reports what broke it in the router's own words.
        let own = source.filter(|fault| !matches!(fault.what, What::Status(_)));
        let codec = self.speaks.codec();
        let (written, brief) = match stop {
            Stop::Told(json) => {
                let said = codec.read_error_inside(&HeaderMap::new(), &json);
                let (failure, brief) = match own {
                    Some(brief) => (said, brief),
                    None => {
                        self.log.masked(&json, said.status);
                        let brief = said.brief(&self.classes);
                        (Failure::masked_of(&said, brief.class), brief)
                    }
                };
                (codec.write_in_place_of(&json, failure, &self.model), brief)
            }
            Stop::Malformed => {
                let failure = Failure::malformed(INVALID);
                (codec.write_broken(failure), Brief::from(What::Malformed(None)))
            }
        };
        out.extend_from_slice(&written);
        brief
    }
}

const BROKE_OFF: &str = "broke off before the commit point";
const NOT_ITS_PROTOCOL: &str = "an event of the stream is not what its protocol says";
const INVALID: &str = "The provider of this model sent an invalid answer.";
