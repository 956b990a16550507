//! A stream that is buffered as a whole: its texts, each in one piece, and their replacement by a
//! webhook.
//!
//! All other bytes stay.

use std::collections::HashMap;

use bytes::Bytes;

use super::{
    event::{Event, Key},
    spliced,
    texts::AllTexts,
};
use crate::guard::texts::{Texts, is_word};

/// A stream that is held. `H` is what an event has beside its data.
#[derive(Debug)]
pub(crate) struct Held<H> {
    places: &'static AllTexts,
    events: Vec<HeldEvent<H>>,
    /// The texts that come in pieces, each with its place among all.
    channels: Vec<(Key, usize)>,
    /// Each text once: an event that says a text again says the same one.
    all: Vec<String>,
    /// The place of each among all.
    index: HashMap<String, usize>,
}

#[derive(Debug)]
struct HeldEvent<H> {
    head: H,
    data: Bytes,
    texts: Texts,
    /// What each of them is a piece of, where it is one.
    channels: Vec<Option<usize>>,
}

impl<H> Held<H> {
    /// At its beginning.
    pub(crate) fn new(places: &'static AllTexts) -> Self {
        let (events, channels, all) = (Vec::new(), Vec::new(), Vec::new());
        Self { places, events, channels, all, index: HashMap::new() }
    }

    /// The next event. `name`: its type, where that is not told in its data.
    pub(crate) fn push(&mut self, head: H, name: Option<&str>, data: Bytes) {
        let read = Event::read(&data, name, self.places);
        let texts = match (&read, std::str::from_utf8(&data)) {
            (Some(_), _) => Texts::read(&data, &[]).unwrap_or_default(),
            // A mark, which says that the stream is over.
            (None, Ok(text)) if is_word(bare(text).as_bytes()) => Texts::default(),
            (None, text) => text.map(Texts::of_plain).unwrap_or_default(),
        };
        let carried = read.map(|event| event.texts).unwrap_or_default();
        let mut channels = Vec::with_capacity(texts.all().len());
        for (text, place) in texts.all().iter().zip(texts.places()) {
            let carried = carried.iter().find(|it| it.place == *place);
            let channel = carried.map(|it| self.channel(&it.key));
            if let Some(channel) = channel {
                self.all[channel].push_str(text);
            }
            channels.push(channel);
        }
        self.events.push(HeldEvent { head, data, texts, channels });
    }

    /// Its texts.
    pub(crate) fn texts(&mut self) -> &[String] {
        let known = self.all.iter().zip(0..);
        self.index = known.map(|(text, nth)| (text.clone(), nth)).collect();
        for event in &self.events {
            for (text, channel) in event.texts.all().iter().zip(&event.channels) {
                if channel.is_none() && !self.index.contains_key(text) {
                    self.index.insert(text.clone(), self.all.len());
                    self.all.push(text.clone());
                }
            }
        }
        &self.all
    }

    /// The events, where these stand for the texts, one for each.
    pub(crate) fn put(self, instead: &[String]) -> impl Iterator<Item = (H, Bytes)> {
        let Self { events, all, index, .. } = self;
        let same = |nth: usize| instead.get(nth).is_none_or(|it| *it == all[nth]);
        let mut begun = vec![false; all.len()];
        let mut put = Vec::with_capacity(events.len());
        for HeldEvent { head, data, texts, channels } in events {
            let with = texts.all().iter().zip(channels).map(|(text, channel)| {
                let nth = channel.or_else(|| index.get(text).copied());
                match nth.filter(|nth| !same(*nth)) {
                    None => text.clone(),
                    // All of it stands where its first piece did.
                    Some(nth) if channel.is_some() && std::mem::replace(&mut begun[nth], true) => {
                        String::new()
                    }
                    Some(nth) => instead[nth].clone(),
                }
            });
            let with: Vec<String> = with.collect();
            let edits = texts.edits(&with).into_iter();
            let edits = edits.map(|(it, with)| (it.start as usize..it.end as usize, with));
            put.push((head, spliced(data, edits.collect())));
        }
        put.into_iter()
    }

    fn channel(&mut self, key: &Key) -> usize {
        if let Some((_, nth)) = self.channels.iter().find(|(it, _)| it == key) {
            return *nth;
        }
        self.all.push(String::new());
        self.channels.push((key.clone(), self.all.len() - 1));
        self.all.len() - 1
    }
}

/// A text without brackets around it.
fn bare(text: &str) -> &str {
    text.trim_matches(['[', ']'])
}
