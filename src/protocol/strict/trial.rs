//! Strict mode on bytes alone, without a request, for fuzz targets.

use bytes::Bytes;

use super::{
    check,
    clean::{self, Known},
    declared,
    events::{Events, Stop, StreamCleaner},
    shape::Declared,
};
use crate::protocol::Endpoint;

/// An endpoint with declared fields.
#[derive(Clone)]
pub struct Trial {
    endpoint: Endpoint,
    declared: &'static Declared,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleaned {
    /// What is left of it.
    Kept(Bytes),
    /// It is of a type that the protocol does not have, or an error.
    NotKept,
    /// It is invalid in its protocol.
    Malformed,
}

impl Trial {
    /// For a path; `None` if no fields are declared.
    pub fn at(path: &str) -> Option<Self> {
        let endpoint = Endpoint::find(path, None)?;
        let declared = declared(&endpoint, path)?;
        Some(Self { endpoint, declared })
    }

    /// The place and the sentence of the first thing that is wrong with a request. As every request's, its body is
    /// seen to be JSON before.
    ///
    /// # Errors
    /// That.
    pub fn validate(&self, body: &[u8], refuses_unknown: bool) -> Result<(), (String, String)> {
        if !crate::body::is_json(body) {
            return Err((String::new(), "The request is not JSON.".into()));
        }
        let checked = check::check(body, self.declared.request, refuses_unknown);
        checked.map_err(|wrong| (wrong.param, wrong.message))
    }

    /// Cleans a whole answer; `model` is the alias.
    pub fn clean(&self, json: &Bytes, model: &str) -> Cleaned {
        match clean::clean(json, self.declared.answer, &known(model)) {
            Ok(clean::Cleaned::Kept(bytes, _)) => Cleaned::Kept(bytes),
            Ok(clean::Cleaned::Unknown | clean::Cleaned::Fault) => Cleaned::NotKept,
            Err(_) => Cleaned::Malformed,
        }
    }

    /// Cleans a stream in these chunks: the output, and whether it reached its end. `None` if the
    /// endpoint has no streams.
    pub fn clean_stream(&self, pieces: &[&[u8]], model: &str) -> Option<(Vec<u8>, bool)> {
        let profile = self.endpoint.protocol.profile();
        let mut cleaner: Box<dyn StreamCleaner> = match profile.frame_cleaner {
            Some(cleaner) => cleaner(known(model), false),
            None => {
                let closes = profile.stream.closes;
                Box::new(Events::new(self.declared, closes, known(model), false)?)
            }
        };
        let mut out = Vec::new();
        let mut feed = || -> Result<(), Stop> {
            for piece in pieces {
                cleaner.feed(Bytes::copy_from_slice(piece), &mut out)?;
            }
            cleaner.end(&mut out)
        };
        let is_whole = feed().is_ok();
        Some((out, is_whole))
    }
}

fn known(model: &str) -> Known {
    Known { model: crate::body::json_string(model), id: 0, created: 0 }
}
