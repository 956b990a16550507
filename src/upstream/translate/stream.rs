//! A stream translated event by event in the poll in which it arrives; large parts run on another
//! thread.
//!
//! A break becomes the client's own error event, so a translated stream never ends silently.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    failure::{Brief, ErrorClasses, Failure, Kind},
    live::Share,
    protocol::{
        Protocol,
        bounds::{PARTS, TOO_MANY_PARTS},
        codec::{StreamReader, StreamWriter},
        conversation::{Event, Finish, Usage},
        observer::LastEvents,
    },
    upstream::{answer::AnswerBody, awaited::Tells, off_core, source::Source},
};

/// A provider's stream on its way to a client of another protocol.
pub(super) struct TranslatedBody {
    source: AnswerBody,
    reader: At<dyn StreamReader, Vec<Event>>,
    writer: At<dyn StreamWriter, Vec<u8>>,
    /// Bytes that have not completed an event.
    unread: usize,
    events: VecDeque<Event>,
    /// The weight of these events.
    unwritten: usize,
    /// Kept, so that not every chunk allocates.
    read: Vec<Event>,
    ended: bool,
    /// The provider's last events as they came.
    last: LastEvents,
    /// The operator's classes of the provider's codes.
    classes: Arc<ErrorClasses>,
    /// Whether the writer repeats at the end what it has written.
    gathers: bool,
    /// The number of parts.
    parts: usize,
    /// The weight of its events so far.
    said: usize,
    /// The writer's share of the memory budget.
    share: Share,
    /// The latest reported tokens.
    usage: Option<Usage>,
    /// Why the model stopped, if known.
    reason: Option<Finish>,
    /// The fault, for the provider's health.
    fault: Option<Brief>,
}

/// A reader or a writer.
enum At<T: ?Sized, D> {
    /// Here.
    Here(Box<T>),
    /// On another thread, which returns it with its result. Never locked: the mutex only makes the
    /// future `Sync`.
    Away(Mutex<Work<T, D>>),
}

type Work<T, D> = Pin<Box<dyn Future<Output = (Box<T>, D)> + Send>>;

/// Why a stream has not begun.
pub(super) enum Unopened {
    /// The provider sent an error: its JSON.
    Told(Bytes),
    /// It broke, or contained an error in its protocol's own form; with how that counts.
    Broken(Failure, Brief),
}

impl TranslatedBody {
    /// Joins a reader and a writer over a provider's stream.
    pub(super) fn new(
        source: AnswerBody,
        reader: Box<dyn StreamReader>,
        writer: Box<dyn StreamWriter>,
        classes: Arc<ErrorClasses>,
        share: Share,
    ) -> Self {
        let gathers = writer.gathers();
        Self {
            gathers,
            source,
            reader: At::Here(reader),
            writer: At::Here(writer),
            unread: 0,
            events: VecDeque::new(),
            unwritten: 0,
            read: Vec::new(),
            ended: false,
            last: LastEvents::default(),
            classes,
            parts: 0,
            said: 0,
            share,
            usage: None,
            reason: None,
            fault: None,
        }
    }

    /// Waits for the first content and keeps what came before it.
    ///
    /// # Errors
    /// What went wrong before any content.
    pub(super) async fn open(&mut self) -> Result<(), Unopened> {
        // How many events were checked, since a provider may send any number before its content.
        let (mut seen, mut thinned) = (0, 0);
        loop {
            let failed = self.events.range(seen..).find_map(|event| match event {
                Event::Failure(failure) => Some(failure.clone()),
                _ => None,
            });
            if self.events.range(seen..).any(Event::is_content) {
                self.last.accepted();
                return Ok(());
            }
            if let Some(mut said) = failed.or_else(|| self.ended.then(Failure::cut)) {
                if let Some(error) = self.last.error() {
                    return Err(Unopened::Told(error));
                }
                if said.kind == Kind::Cut && self.source.is_end() && self.says_nothing() {
                    said = Failure::malformed("the answer is not a stream of events");
                    self.fault = None;
                }
                let fault = self.fault.unwrap_or_else(|| said.brief(&self.classes));
                return Err(Unopened::Broken(said, fault));
            }
            if self.events.len() > A_FEW {
                thinned += self.events.len();
                keep_last(&mut self.events);
            }
            if thinned > MOST_SIGNS_OF_LIFE {
                let said = Failure::malformed("the provider says nothing but that it lives");
                let fault = said.brief(&self.classes);
                return Err(Unopened::Broken(said, fault));
            }
            seen = self.events.len();
            std::future::poll_fn(|cx| self.poll_events(cx)).await;
        }
    }

    /// Whether it ended normally without any content.
    fn says_nothing(&self) -> bool {
        let broke = self.fault.is_some_and(|fault| fault == Brief::SILENT || fault == Brief::LATE);
        !broke && self.events.iter().all(|event| matches!(event, Event::Failure(_)))
    }

    /// Ends the stream if it exceeds the limit or the memory budget.
    fn weigh(&mut self, events: &mut Vec<Event>) {
        let weight = events.iter().map(Event::weight).sum::<usize>();
        self.said += weight;
        self.unwritten += weight;
        self.parts += events.iter().filter(|event| matches!(event, Event::PartEnd)).count();
        let why = if self.parts > PARTS {
            TOO_MANY_PARTS
        } else if self.said > MOST_SAID {
            "the answer is longer than the router translates"
        } else if self.gathers && !self.has_room() {
            "the router has no memory left for the rest of the answer"
        } else {
            return;
        };
        events.retain(|event| matches!(event, Event::Start { .. }));
        events.push(Event::Failure(Failure::malformed(why)));
    }

    /// The end repeats everything that was said: it is held as read, as written, and in the last
    /// event.
    fn has_room(&mut self) -> bool {
        self.said <= SMALL || self.share.grow_to(4 * self.said as u64)
    }

    /// The events of one more chunk.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Vec<Event>> {
        let reader = match &mut self.reader {
            At::Here(reader) => reader,
            At::Away(reading) => {
                let reading = reading.get_mut().unwrap_or_else(PoisonError::into_inner);
                let (reader, events) = ready!(reading.as_mut().poll(cx));
                self.reader = At::Here(reader);
                return Poll::Ready(events);
            }
        };
        let piece = ready!(self.source.poll_piece(cx));
        let mut events = std::mem::take(&mut self.read);
        match piece {
            Some(Ok(piece)) => {
                self.last.observe(&piece);
                self.unread += piece.len();
                if self.unread <= off_core::LARGE {
                    reader.feed(piece, &mut events);
                } else {
                    self.reader.send(move |reader| {
                        reader.feed(piece, &mut events);
                        events
                    });
                    return self.poll_read(cx);
                }
            }
            Some(Err(broken)) => {
                self.fault = Some(broken);
                events.push(Event::Failure(match broken {
                    Brief::RESET => Failure::cut(),
                    _ => Failure::new(Kind::Timeout, "the provider fell silent"),
                }));
            }
            None if self.unread <= off_core::LARGE => reader.end(&mut events),
            None => {
                self.unread = 0;
                self.reader.send(move |reader| {
                    reader.end(&mut events);
                    events
                });
                return self.poll_read(cx);
            }
        }
        Poll::Ready(events)
    }

    /// Reads one more chunk.
    fn poll_events(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut events = ready!(self.poll_read(cx));
        if !events.is_empty() {
            self.unread = 0;
        }
        for event in &events {
            match event {
                Event::Usage(usage) => self.usage = Some(*usage),
                Event::Finish { reason, .. } => self.reason = Some(*reason),
                _ => {}
            }
        }
        self.weigh(&mut events);
        let last = events.iter().position(Event::is_last);
        if let Some(last) = last {
            events.truncate(last + 1);
            self.ended = true;
        }
        if let Some(Event::Failure(said)) = events.last() {
            let classes = &self.classes;
            self.fault.get_or_insert_with(|| said.brief(classes));
        }
        self.events.extend(events.drain(..));
        self.read = events;
        Poll::Ready(())
    }
}

impl TranslatedBody {
    /// Writes the available events.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let writer = match &mut self.writer {
            At::Here(writer) => writer,
            At::Away(writing) => {
                let writing = writing.get_mut().unwrap_or_else(PoisonError::into_inner);
                let (writer, out) = ready!(writing.as_mut().poll(cx));
                self.writer = At::Here(writer);
                return Poll::Ready(out);
            }
        };
        let again = if self.ended && self.gathers { self.said } else { 0 };
        if std::mem::take(&mut self.unwritten) + again <= off_core::LARGE || self.events.is_empty()
        {
            let mut out = Vec::with_capacity(USUAL_EVENT);
            self.events.drain(..).for_each(|event| writer.write(event, &mut out));
            return Poll::Ready(out);
        }
        let events = std::mem::take(&mut self.events);
        self.writer.send(move |writer| {
            let mut out = Vec::with_capacity(USUAL_EVENT);
            events.into_iter().for_each(|event| writer.write(event, &mut out));
            out
        });
        self.poll_written(cx)
    }
}

impl<T: ?Sized + Send + 'static, D: Send + 'static> At<T, D> {
    /// Runs work on another thread; a part that is already there stays there.
    fn send(&mut self, work: impl FnOnce(&mut T) -> D + Send + 'static) {
        let away = |work: Work<T, D>| Self::Away(Mutex::new(work));
        match std::mem::replace(self, away(Box::pin(std::future::pending()))) {
            Self::Here(mut it) => {
                *self = away(Box::pin(off_core::run(move || {
                    let done = work(&mut it);
                    (it, done)
                })));
            }
            away => *self = away,
        }
    }
}

impl Source for TranslatedBody {
    /// The next bytes for the client.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            let out = ready!(self.poll_written(cx));
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Bytes::from(out))));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            ready!(self.poll_events(cx));
        }
    }

    fn is_end(&self) -> bool {
        self.ended && self.events.is_empty() && matches!(self.writer, At::Here(_))
    }

    fn remaining(&self) -> Option<u64> {
        None
    }

    /// The end must be written in the client's protocol.
    fn ends_by(&mut self, end: Option<Instant>) -> bool {
        self.source.end_by(end);
        true
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn reason(&self) -> Option<Finish> {
        self.reason
    }

    fn service(&self) -> Option<&str> {
        self.source.service()
    }

    fn fault(&self) -> Option<Brief> {
        self.fault
    }
}

impl Tells for TranslatedBody {
    fn told(&self, _speaks: Protocol) -> Option<Usage> {
        self.usage
    }
}

/// Bytes that most events need.
const USUAL_EVENT: usize = 512;

/// Of pings and usage before the content, only the last is needed.
fn keep_last(events: &mut VecDeque<Event>) {
    let usage = events.iter().rposition(|event| matches!(event, Event::Usage(_)));
    let ping = events.iter().rposition(|event| matches!(event, Event::Ping));
    let mut at = 0;
    events.retain(|event| {
        at += 1;
        match event {
            Event::Usage(_) => Some(at - 1) == usage,
            Event::Ping => Some(at - 1) == ping,
            _ => true,
        }
    });
}

/// Events that are held before the first content; more are thinned out.
const A_FEW: usize = 16;
/// The most pings before content: more than a day of them, but not an endless flood.
const MOST_SIGNS_OF_LIFE: usize = 16 * 1024;
/// Bytes of text in one stream: millions of tokens.
const MOST_SAID: usize = 16 * 1024 * 1024;
/// Nothing is counted up to this size, since the number of connections limits it.
const SMALL: usize = 256 * 1024;
