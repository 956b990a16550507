//! The calls of one stream. Their fragments may come mixed; out of here they come one call after the
//! other.
//!
//! The first call that is not complete goes out as it comes; fragments of those after it wait. A
//! call is complete when its arguments are a whole object and another call has begun, or when
//! nothing more comes. It never puts fragments together by anything but index and id.

use crate::protocol::conversation::{Event, Failure};
use crate::protocol::nesting::Nesting;
use crate::protocol::openai::said::Call;
use crate::protocol::parts::Parts;
use crate::protocol::wire::Reading;

/// The calls so far, in the order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: Vec<One>,
    /// How many of them are complete.
    complete: usize,
}

#[derive(Debug)]
struct One {
    index: Option<u32>,
    id: Option<String>,
    name: String,
    /// Whether it has gone out.
    begun: bool,
    /// Arguments that have not gone out yet.
    waiting: String,
    nesting: Nesting,
}

impl Calls {
    /// Takes a fragment.
    pub(super) fn add(
        &mut self,
        fragment: Call,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let (index, id) = (fragment.index, fragment.id.clone().filter(|id| !id.is_empty()));
        let (name, json) = fragment.into_words();
        let at = self.find(index, id.as_deref(), &name).unwrap_or(self.all.len());
        if at == self.all.len() {
            self.all.push(One::new(index, id.clone()));
        }
        if at < self.complete {
            return if json.trim().is_empty() { Ok(()) } else { Err(mixed()) };
        }
        let call = &mut self.all[at];
        if !call.begun {
            call.id = call.id.take().or(id);
            call.name.push_str(if call.name.is_empty() { &name } else { "" });
        }
        call.nesting.pass_all(&json);
        call.waiting.push_str(&json);
        self.advance(reading, parts, events)
    }

    /// Something else is said: the call that is open ends here.
    pub(super) fn interrupt(&mut self) {
        if self.all.get(self.complete).is_some_and(|call| call.begun) {
            self.complete += 1;
        }
    }

    /// Nothing more comes: what waits goes out.
    pub(super) fn end(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        for call in self.all.iter_mut().skip(self.complete) {
            call.give_out(reading, parts, events)?;
            parts.close(events);
        }
        self.complete = self.all.len();
        Ok(())
    }

    /// The call that a fragment continues. It has the index, and no other id; some give every call
    /// one index, and some give none at all.
    fn find(&self, index: Option<u32>, id: Option<&str>, name: &str) -> Option<usize> {
        let is_other = |call: &One| {
            let ids = (call.id.as_deref(), id);
            !name.is_empty() && matches!(ids, (Some(known), Some(new)) if known != new)
        };
        match (index, id) {
            (Some(_), _) => {
                self.all.iter().rposition(|call| call.index == index && !is_other(call))
            }
            (None, None) => self.all.len().checked_sub(1),
            (None, id) => self.all.iter().rposition(|call| call.id.as_deref() == id),
        }
    }

    fn advance(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        while let Some(call) = self.all.get_mut(self.complete) {
            // Some give the name after the id.
            if call.name.is_empty() {
                return Ok(());
            }
            call.give_out(reading, parts, events)?;
            let is_complete = call.nesting.is_whole();
            if !is_complete || self.complete + 1 == self.all.len() {
                return Ok(());
            }
            parts.close(events);
            self.complete += 1;
        }
        Ok(())
    }
}

impl One {
    fn new(index: Option<u32>, id: Option<String>) -> Self {
        Self {
            index,
            id,
            name: String::new(),
            begun: false,
            waiting: String::new(),
            nesting: Nesting::default(),
        }
    }

    fn give_out(
        &mut self,
        reading: &Reading,
        parts: &mut Parts,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        if !self.begun {
            self.begun = true;
            let (id, name) = (self.id.clone(), reading.tool_name(self.name.clone()));
            parts.call(id, name, |number| reading.call_id(number), None, events)?;
        }
        let json = std::mem::take(&mut self.waiting);
        if parts.arguments(Some(json), events) { Ok(()) } else { Err(mixed()) }
    }
}

fn mixed() -> Failure {
    Failure::malformed("the stream goes on with a tool call that had ended")
}
