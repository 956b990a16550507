//! A text that arrives in chunks: how much of it is decided, and what is removed. The possible
//! start of a match is undecided until more text arrives.
//!
//! At most [`MOST`] bytes are undecided, except after the start of a credential.

mod json;

use std::{ops::Range, sync::Arc};

use memchr::memchr;

use self::json::Json;
use super::{
    Action, Rule,
    escapes::{Place, decode, whole},
    spans::{self, Span},
};

/// One text on its way. Places in it are counted from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// The end of what is decided, since what stands beside a match belongs to it, and all that is not.
    text: Vec<u8>,
    /// Where that begins.
    base: usize,
    /// How far the text is decided.
    decided: usize,
    /// What was found last goes on, and is taken out as far as it does.
    swallows: Swallows,
    /// Bytes of another text that have come since it went on last.
    beside: usize,
    json: Json,
}

/// What goes on beyond what was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Swallows {
    /// Nothing.
    #[default]
    Nothing,
    /// A word.
    Word,
    /// The armour of a key, to its last line.
    Armour,
}

/// What is to be taken out of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// From where to where.
    pub(crate) place: Range<usize>,
    /// The rule whose name stands in its place; none where it goes on from an earlier one.
    pub(crate) rule: Option<usize>,
    /// Whether it is a bare number of a JSON text: what stands in its place is a string.
    pub(crate) is_number: bool,
}

/// A rule refuses the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied;

impl Channel {
    /// How far the text has come.
    pub(crate) fn length(&self) -> usize {
        self.base + self.text.len()
    }

    /// How far it is decided.
    pub(crate) fn decided(&self) -> usize {
        self.decided
    }

    /// The text goes on.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.beside = 0;
        self.text.extend_from_slice(piece);
    }

    /// So many bytes of another text go on beside it: whether it is waited for all the same, since it has probably
    /// begun what a rule looks for.
    pub(crate) fn waits(&mut self, bytes: usize, rules: &[Arc<Rule>]) -> bool {
        self.beside += bytes;
        let rest = self.text.get(self.decided - self.base..).unwrap_or_default();
        !rest.is_empty() && self.beside <= MOST && rules.iter().any(|it| it.finder.is_likely(rest))
    }

    /// Looks at what is not decided; all of it is then, where the text has ended. `hit` hears which rules
    /// have found something.
    ///
    /// # Errors
    /// One of them refuses.
    pub(crate) fn decide(
        &mut self,
        is_last: bool,
        rules: &[Arc<Rule>],
        hit: &mut dyn FnMut(usize),
        cuts: &mut Vec<Cut>,
    ) -> Result<(), Denied> {
        self.swallow(cuts);
        let from = self.decided - self.base;
        if from == self.text.len() {
            return Ok(());
        }
        let is_first = self.base == 0;
        let mut found = Found { from, is_first, open: self.text.len(), spans: Vec::new() };
        found.look(&self.text, rules, is_last);
        found.look_behind_escapes(&self.text, rules, is_last);
        let end = self.end(&mut found, is_last);
        found.spans.iter().for_each(|span| hit(span.rule));
        if found.spans.iter().any(|span| rules[span.rule].action == Action::Deny) {
            return Err(Denied);
        }
        found.spans.retain(|span| rules[span.rule].action == Action::Redact);
        for span in spans::outside(&self.text, spans::merged(found.spans)) {
            let place = span.place.start.max(from)..span.place.end;
            self.json.follow(&self.text, self.base, place.start);
            let is_number = self.json.is_number(&self.text, &place);
            let place = self.base + place.start..self.base + place.end;
            cuts.push(Cut { place, rule: Some(span.rule), is_number });
        }
        self.json.follow(&self.text, self.base, end);
        self.decided = self.base + end;
        let kept = boundary(&self.text, end.saturating_sub(CONTEXT));
        self.text.drain(..kept);
        self.base += kept;
        Ok(())
    }

    /// How far the text is decided. What begins before that stays in `found`.
    fn end(&mut self, found: &mut Found, is_last: bool) -> usize {
        let length = self.text.len();
        if is_last {
            return length;
        }
        let least = boundary(&self.text, length.saturating_sub(MOST)).max(found.from);
        let mut end = found.open.max(found.from);
        if end < least {
            // It is longer than what is held: what has been found by now is taken out as it goes on.
            let is_long = |span: &&Span| (end..least).contains(&span.place.start);
            let long = found.spans.iter().find(is_long).filter(|span| span.place.end == length);
            end = match long {
                Some(span) => {
                    let is_armour = self.text[span.place.start..].starts_with(b"-----");
                    self.swallows = if is_armour { Swallows::Armour } else { Swallows::Word };
                    least
                }
                // A credential that shows only at its end, or one of which each letter is an escape.
                None => end.max(boundary(&self.text, length.saturating_sub(MOST_UNSEEN))),
            };
        }
        found.spans.retain(|span| span.place.start < end);
        found.spans.iter().map(|span| span.place.end).fold(end, usize::max)
    }

    /// What has been found goes on.
    fn swallow(&mut self, cuts: &mut Vec<Cut>) {
        let from = self.decided - self.base;
        let rest = self.text.get(from..).unwrap_or_default();
        let is_of = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~+/=\\:".contains(byte);
        let length = match self.swallows {
            Swallows::Nothing => return,
            Swallows::Word => rest.iter().position(|byte| !is_of(byte)),
            Swallows::Armour => memchr::memmem::find(&self.text, b"-----END ").and_then(|last| {
                let name = self.text.get(last + 9..).unwrap_or_default();
                let close = memchr::memmem::find(name, b"-----")?;
                Some((last + 9 + close + 5).saturating_sub(from))
            }),
        };
        let end = from + length.unwrap_or(rest.len());
        if length.is_some() {
            self.swallows = Swallows::Nothing;
        }
        if end > from {
            let place = self.decided..self.base + end;
            cuts.push(Cut { place, rule: None, is_number: false });
        }
        self.json.follow(&self.text, self.base, end);
        self.decided = self.base + end;
        let kept = boundary(&self.text, end.saturating_sub(CONTEXT));
        self.text.drain(..kept);
        self.base += kept;
    }
}

/// What has been found in the text so far.
struct Found {
    /// Where the text begins that is not decided.
    from: usize,
    /// Whether it is looked at from its very beginning, so that no word is cut there.
    is_first: bool,
    /// From where on something may begin that more would show.
    open: usize,
    spans: Vec<Span>,
}

impl Found {
    fn look(&mut self, text: &[u8], rules: &[Arc<Rule>], is_last: bool) {
        let mut spans = Vec::new();
        spans::find(text, rules.iter().map(|rule| &**rule).enumerate(), &mut spans);
        // What began before was let go of because its text seemed to end: the rest of it is found here.
        let is_whole = |span: &Span| self.is_first || span.place.start > 0;
        let goes_on = |span: &Span| span.place.end > self.from && is_whole(span);
        let from = self.from;
        self.spans.extend(spans.into_iter().filter_map(|span| {
            if span.place.start < from && !goes_on(&span) {
                return None;
            }
            Some(Span { place: span.place.start.max(from)..span.place.end, rule: span.rule })
        }));
        if !is_last {
            let open = rules.iter().map(|rule| rule.finder.open(text));
            self.open = open.fold(self.open, usize::min);
        }
    }

    /// The same for a text that reads as escapes, as the arguments of tools do.
    fn look_behind_escapes(&mut self, text: &[u8], rules: &[Arc<Rule>], is_last: bool) {
        if memchr(b'\\', text).is_none() {
            return;
        }
        let (mut read, mut before) = (Vec::new(), Vec::new());
        let whole = if is_last { text.len() } else { whole(text) };
        decode(text.get(..whole).unwrap_or_default(), &mut read);
        decode(text.get(..self.from).unwrap_or_default(), &mut before);
        let (from, is_first) = (before.len(), self.is_first);
        let mut found = Found { from, is_first, open: read.len(), spans: Vec::new() };
        found.look(&read, rules, is_last);
        for span in found.spans {
            let mut at = Place::new(text);
            let place = at.of(span.place.start)..at.of(span.place.end);
            self.spans.push(Span { place, rule: span.rule });
        }
        self.open = self.open.min(Place::new(text).of(found.open)).min(whole);
    }
}

/// The beginning of a character at a place or before it.
fn boundary(text: &[u8], at: usize) -> usize {
    let is_inside = |at: usize| text.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte));
    (0..=at).rev().find(|at| !is_inside(*at)).unwrap_or(0)
}

/// The most bytes that are not decided, of what is found by then or is nothing that a rule looks for;
pub(crate) const MOST: usize = 256;
/// and of what has begun like a credential and goes on without an end.
const MOST_UNSEEN: usize = 8 << 10;
/// What is kept of what is.
const CONTEXT: usize = 96;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::guard::{Finder, Pattern, Set, Side};

    fn rules(action: Action) -> Vec<Arc<Rule>> {
        let rule = |finder| Arc::new(Rule { name: "r".into(), finder, on: Side::Output, action });
        let sets = [Set::Secrets, Set::PaymentCard, Set::Iban, Set::Email, Set::Phone, Set::UsSsn];
        let mut rules: Vec<_> = sets.into_iter().map(|set| rule(Finder::Set(set))).collect();
        if cfg!(feature = "regex") {
            let pattern = Pattern::new(r"\bproject +x\d{1,4}\b").unwrap();
            rules.push(rule(Finder::Pattern(Box::new(pattern))));
        }
        rules
    }

    /// What goes on of a text that comes in these pieces, and the most that was held back of it.
    fn passed(pieces: &[&[u8]], action: Action) -> Result<(Vec<u8>, usize), Denied> {
        let (rules, mut channel) = (rules(action), Channel::default());
        let (mut all, mut out, mut most, mut at) = (Vec::new(), Vec::new(), 0, 0);
        for (nth, piece) in pieces.iter().enumerate() {
            channel.push(piece);
            all.extend_from_slice(piece);
            let mut cuts = Vec::new();
            channel.decide(nth + 1 == pieces.len(), &rules, &mut |_| {}, &mut cuts)?;
            for cut in cuts {
                out.extend_from_slice(&all[at.min(cut.place.start)..cut.place.start]);
                out.extend_from_slice(cut.rule.map_or("", |_| "[redacted:r]").as_bytes());
                at = cut.place.end;
            }
            out.extend_from_slice(&all[at..channel.decided().max(at)]);
            at = channel.decided();
            most = most.max(channel.length() - channel.decided());
        }
        Ok((out, most))
    }

    const TEXTS: &[(&str, &str)] = &[
        ("pay 4111 1111 1111 1111, or not", "pay [redacted:r], or not"),
        ("mail ann.b@example.com. Then", "mail [redacted:r]. Then"),
        ("to DE89 3704 0044 0532 0130 00 now", "to [redacted:r] now"),
        ("call +49 30 1234567 or (415) 555-2671!", "call [redacted:r] or [redacted:r]!"),
        ("ssn 123-45-6789; no 123-45-67890", "ssn [redacted:r]; no 123-45-67890"),
        ("about project  x42 and project x12345", "about [redacted:r] and project x12345"),
        (r#"{"b":"Hello\nann@example.com"}"#, r#"{"b":"Hello\n[redacted:r]"}"#),
        (r#"{"a":"ann\u0040example.com","b":"x"}"#, r#"{"a":"[redacted:r]","b":"x"}"#),
        ("nothing 4111 1111 1111 1112 a@b 12 é 漢字", "nothing 4111 1111 1111 1112 a@b 12 é 漢字"),
        ("url https://a.example/b?c=d#e, Bearer no", "url https://a.example/b?c=d#e, Bearer no"),
    ];

    #[test]
    fn every_cut_of_a_text_gives_what_the_whole_gives() {
        for (text, wanted) in TEXTS {
            for cut in 0..=text.len() {
                for next in [cut, (cut + 1).min(text.len()), (cut + 7).min(text.len())] {
                    let bytes = text.as_bytes();
                    let pieces = [&bytes[..cut], &bytes[cut..next], &bytes[next..]];
                    let (out, most) = passed(&pieces, Action::Redact).unwrap();
                    assert_eq!(String::from_utf8_lossy(&out), *wanted, "{cut} {next}");
                    assert!(most <= MOST);
                }
            }
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(passed(&single, Action::Redact).unwrap().0, wanted.as_bytes(), "{text}");
            assert_eq!(passed(&single, Action::Deny).is_err(), text != wanted, "{text}");
        }
    }

    #[test]
    fn what_is_longer_than_what_is_held_is_left_out_to_its_end() {
        let token =
            format!("{}{}.eyJ{}.{}", "eyJ", "a1".repeat(20), "b2".repeat(300), "c3".repeat(90));
        let lines = "MIIEowIBAAKCAQEA7bq1\n".repeat(40);
        let key =
            ["-----BEGIN RSA ", "PRIVATE KEY-----\n", &lines, "-----END RSA ", "PRIVATE KEY-----"];
        for secret in [token, key.concat()] {
            let text = format!("here {secret} there it is");
            for size in [1, 2, 3, 7, 64, 500] {
                let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                let (out, most) = passed(&pieces, Action::Redact).unwrap();
                assert_eq!(
                    String::from_utf8_lossy(&out),
                    "here [redacted:r] there it is",
                    "{size}"
                );
                assert!(most <= MOST, "{most}");
                assert!(passed(&pieces, Action::Deny).is_err());
            }
        }
    }

    /// What each of them shows only behind more than is held of other texts.
    #[test]
    fn credential_that_shows_at_its_end_is_held_until_then() {
        let token = format!("eyJ{}.eyJ{}.{}", "a1B2".repeat(150), "c3".repeat(20), "d4".repeat(20));
        let password = format!("{}pA55", "x1".repeat(110));
        let url = format!("{}:{password}", "n".repeat(100));
        let escaped: String = "sk-proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3Ab4Cd5Ef6"
            .chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect();
        for (text, wanted) in [
            (format!("it is {token} there"), "it is [redacted:r] there"),
            (
                format!("to ftp://{url}@localhost:21/ now"),
                "to ftp://[redacted:r]@localhost:21/ now",
            ),
            (format!("{{\"key\":\"{escaped}\"}}"), r#"{"key":"[redacted:r]"}"#),
        ] {
            for size in [1, 3, 50, 300] {
                let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                let (out, most) = passed(&pieces, Action::Redact).unwrap();
                assert_eq!(String::from_utf8_lossy(&out), wanted, "{size}");
                assert!(most <= MOST_UNSEEN, "{most}");
                assert!(passed(&pieces, Action::Deny).is_err(), "{size}");
            }
        }
        // What only begins so is let go of in the end.
        let long = format!("eyJ{}", "a".repeat(20_000));
        let pieces: Vec<&[u8]> = long.as_bytes().chunks(100).collect();
        assert_eq!(passed(&pieces, Action::Deny).unwrap().0, long.as_bytes());
    }

    /// The longest name and password of a URL, and what stands around them; or the longest address.
    const LONGEST_URL: usize = 400;

    proptest! {
        #[test]
        fn whatever_comes_no_more_is_held_than_may_be(
            text in "[a-z@.:/+ 0-9\\\\\"-]{0,600}",
            size in 1..40_usize,
        ) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let whole = passed(&[text.as_bytes()], Action::Redact).unwrap();
            let (out, most) = passed(&pieces, Action::Redact).unwrap();
            let held = if text.contains('\\') { MOST_UNSEEN } else { LONGEST_URL };
            prop_assert!(pieces.len() < 2 || most <= held, "{}", most);
            if text.len() < 200 && !pieces.is_empty() && !text.contains('\\') {
                prop_assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(whole.0).unwrap());
            }
        }
    }
}
