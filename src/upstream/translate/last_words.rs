//! The last events of a translated stream as they came: an error among them is judged by its own
//! codes, as one that is passed on.
//!
//! Once the stream is accepted it keeps nothing, unless the file knows codes of the provider's own.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::{
    failure::{Brief, ErrorClasses, Failure},
    sse::Boundary,
    table::class,
    upstream::envelope::{self, ErrorEvent},
};

/// The bytes of the last events, for as long as they may be an error with a code of its own: the
/// neutral form of an error keeps its kind, and not every word of it.
pub struct LastWords {
    own: Arc<ErrorClasses>,
    accepted: bool,
    boundary: Boundary,
    /// The last events that were complete, and the beginning of one that is not.
    heard: BytesMut,
    /// Where that beginning is.
    partial: usize,
}

impl LastWords {
    /// Nothing has come yet.
    pub fn new(own: &Arc<ErrorClasses>) -> Self {
        let own = Arc::clone(own);
        Self { own, accepted: false, boundary: Boundary::new(), heard: BytesMut::new(), partial: 0 }
    }

    /// One more piece has come.
    pub fn hear(&mut self, piece: &Bytes) {
        if self.accepted && self.own.is_empty() {
            return;
        }
        let _ = self.heard.split_to(self.partial);
        let before = self.heard.len();
        self.heard.extend_from_slice(piece);
        self.partial = self.boundary.feed(piece).map_or(0, |whole| before + whole);
        if self.heard.len() > MOST_HELD {
            self.heard.clear();
            self.partial = 0;
        }
    }

    /// The stream goes to the client: only codes of the provider's own are still of interest.
    pub fn accepted(&mut self) {
        self.accepted = true;
        if self.own.is_empty() {
            self.heard = BytesMut::new();
        }
    }

    /// The error that the provider has just told.
    pub fn error(&self) -> Option<ErrorEvent> {
        envelope::error_event(Bytes::copy_from_slice(&self.heard))
    }

    /// The fault in the class that the file gives to what the provider has just said.
    pub fn class(&self, fault: Brief, said: &Failure) -> Brief {
        if self.own.is_empty() {
            return fault;
        }
        let by_code = || self.own.get(said.code.as_deref()?).copied();
        let by_event = self.error().and_then(|event| class::of_own(&event.json, &self.own));
        by_event.or_else(by_code).map_or(fault, |class| fault.named(class))
    }
}

/// No error is longer.
const MOST_HELD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Class, Kind, What};

    fn class(own: &[(&str, Class)], pieces: &[&str], code: Option<&str>) -> Class {
        let own = own.iter().map(|&(word, class)| (Box::from(word), class)).collect();
        let mut words = LastWords::new(&Arc::new(own));
        pieces.iter().for_each(|piece| words.hear(&Bytes::copy_from_slice(piece.as_bytes())));
        let said = Failure::new(Kind::Server, "x").with_code(code.map(str::to_owned));
        let fault = Brief { what: What::Status(500), class: Class::Server };
        words.class(fault, &said).class
    }

    #[test]
    fn a_word_of_the_last_event_or_the_code_decides() {
        let own = [("1113", Class::Quota), ("busy_error", Class::Overloaded)];
        let number = "data: {\"error\":{\"code\":1113,\"message\":\"x\"}}\n\n";
        let typed =
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"busy_error\"}}\n\n";
        let text = "data: {\"choices\":[]}\n\n";
        for at in 0..number.len() {
            let (one, other) = number.split_at(at);
            assert_eq!(class(&own, &[text, one, other], None), Class::Quota, "divided at {at}");
        }
        assert_eq!(class(&own, &[text, typed], None), Class::Overloaded);
        assert_eq!(class(&own, &["\0\0binary"], Some("1113")), Class::Quota);
        assert_eq!(class(&own, &[number, text], None), Class::Server, "it is not the last word");
        assert_eq!(class(&[], &[number], Some("1113")), Class::Server);
    }
}
