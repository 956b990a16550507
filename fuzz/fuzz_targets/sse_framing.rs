//! Event streams: the same events however the stream is cut, and a relay that lets out what
//! `Boundary` says lets out whole events only.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use onwards::sse::{Boundary, Event, Parser};

fuzz_target!(|data: &[u8]| {
    let Some((&count, rest)) = data.split_first() else { return };
    let Some((cuts, stream)) = rest.split_at_checked(usize::from(count % 16)) else { return };
    let pieces = pieces(stream, cuts);
    let whole = events(&[stream]);
    assert_eq!(events(&pieces), whole);
    assert_eq!(events(&stream.chunks(1).collect::<Vec<_>>()), whole);
    assert_eq!(relay(&pieces), whole);
    assert_eq!(relay(&[stream]), whole);
    assert_eq!(relay(&stream.chunks(1).collect::<Vec<_>>()), whole);
});

fn pieces<'a>(mut stream: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &length in cuts {
        let (piece, rest) = stream.split_at(usize::from(length).min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces.push(stream);
    pieces
}

fn events(pieces: &[&[u8]]) -> Vec<Event> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(Bytes::copy_from_slice(piece));
        take(&mut parser, &mut events);
    }
    events
}

/// The events of what is let out; after each piece there must be no half event among it, and
/// none more whole in what is held back.
fn relay(pieces: &[&[u8]]) -> Vec<Event> {
    let mut boundary = Boundary::new();
    let (mut out, mut inside) = (Parser::new(), Parser::new());
    let (mut events, mut all) = (Vec::new(), Vec::new());
    let mut held = Vec::new();
    for piece in pieces {
        inside.push(Bytes::copy_from_slice(piece));
        take(&mut inside, &mut all);
        let end = boundary.feed(piece);
        let (now, later) = piece.split_at(end.unwrap_or(0));
        held.extend_from_slice(now);
        if end.is_some() {
            out.push(Bytes::from(std::mem::take(&mut held)));
            take(&mut out, &mut events);
        }
        held.extend_from_slice(later);
        assert!(!out.is_mid_event());
        assert_eq!(events, all);
        assert_eq!(boundary.is_between_events(), held.is_empty());
    }
    events
}

fn take(parser: &mut Parser, events: &mut Vec<Event>) {
    while let Ok(Some(event)) = parser.next_event() {
        events.push(event);
    }
}
