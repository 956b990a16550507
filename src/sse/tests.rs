//! Events as providers frame them, well or badly, and cut at every byte.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Event>, TooLong> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(Bytes::copy_from_slice(piece));
        while let Some(event) = parser.next_event()? {
            events.push(event);
        }
    }
    Ok(events)
}

fn shown(stream: &[u8]) -> Vec<(Option<String>, String)> {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let events = events([stream]).unwrap();
    events.iter().map(|event| (event.event.as_ref().map(text), text(&event.data))).collect()
}

fn same_at_every_split(stream: &[u8]) {
    let whole = events([stream]);
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        assert_eq!(events([left, right]), whole, "{:?} at {at}", String::from_utf8_lossy(stream));
    }
    assert_eq!(events(stream.chunks(1)), whole);
    assert_eq!(events(stream.chunks(3)), whole);
}

#[test]
fn reads_by_the_standard() {
    /// A stream, and the type and data of each event in it.
    type Case = (&'static str, &'static [(Option<&'static str>, &'static str)]);
    let cases: &[Case] = &[
        ("data: x\n\n", &[(None, "x")]),
        ("data:x\r\n\r\n", &[(None, "x")]),
        ("data:  x\r\r", &[(None, " x")]),
        ("data: x\r\n\ndata: y\n\r", &[(None, "x"), (None, "y")]),
        ("\u{feff}data: x\n\n", &[(None, "x")]),
        ("\u{feff}\u{feff}data: x\n\n", &[]),
        ("data: x\n\n\u{feff}data: y\n\n", &[(None, "x")]),
        ("event: a\ndata: x\n\ndata: y\n\n", &[(Some("a"), "x"), (None, "y")]),
        ("event: a\nevent: b\ndata: x\n\n", &[(Some("b"), "x")]),
        ("event: a\nevent\ndata: x\n\n", &[(None, "x")]),
        ("event: a\n\ndata: x\n\n", &[(None, "x")]),
        ("data: YHOO\ndata: +2\ndata: 10\n\n", &[(None, "YHOO\n+2\n10")]),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            &[(None, "first event"), (None, "second event")],
        ),
        ("data\n\ndata\ndata\n\ndata:", &[(None, ""), (None, "\n")]),
        ("data: x\n: ping\nretry: 10\nother: y\ndatax: z\ndata : w\nDATA: v\n\n", &[(None, "x")]),
        ("data: {\"a\": \"b: c\"}\n\n", &[(None, "{\"a\": \"b: c\"}")]),
        (
            "data: x\n\n{\n  \"a\": 1\n}\n\ndata: y\n\n",
            &[(None, "x"), (None, "{\n  \"a\": 1\n}"), (None, "y")],
        ),
        ("[{\"a\": 1}]\n\n", &[(None, "[{\"a\": 1}]")]),
        ("data: x\n{\"a\": 1}\n\n", &[(None, "x")]),
        ("event: a\n{\"a\": 1}\n\n[DONE]\n\n", &[]),
        ("data: x", &[]),
        ("data: x\n", &[]),
        ("\n\n\n", &[]),
        ("", &[]),
    ];
    for (stream, wanted) in cases {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(event, data)| (event.map(String::from), data.to_string()))
            .collect();
        assert_eq!(shown(stream.as_bytes()), wanted, "{stream:?}");
        same_at_every_split(stream.as_bytes());
    }
}

#[test]
fn bytes_that_are_no_text_pass() {
    let stream = b"event: \xff\ndata: \xc3\x28\n\n";
    let event = events([&stream[..]]).unwrap().pop().unwrap();
    assert_eq!((event.event.unwrap(), event.data), (b"\xff"[..].into(), b"\xc3\x28"[..].into()));
    same_at_every_split(stream);
}

#[test]
fn one_line_of_data_is_not_copied() {
    let piece = Bytes::from(b"data: some text\n\n".to_vec());
    let mut parser = Parser::new();
    parser.push(piece.clone());
    let event = parser.next_event().unwrap().unwrap();
    assert_eq!(event.data.as_ptr(), piece[6..].as_ptr());
}

#[test]
fn lines_and_events_have_a_longest() {
    let longest = super::LONGEST;
    let line = |length: usize| format!("data:{}", "x".repeat(length - 5));
    let exact = line(longest) + "\n\n";
    assert_eq!(events([exact.as_bytes()]).unwrap().len(), 1);
    assert_eq!(events(exact.as_bytes().chunks(100_000)).unwrap().len(), 1);
    for longer in
        [line(longest + 1), line(longest + 1) + "\n\n", (line(longest / 2) + "\n").repeat(3)]
    {
        assert_eq!(events([longer.as_bytes()]), Err(TooLong));
        assert_eq!(events(longer.as_bytes().chunks(100_000)), Err(TooLong));
    }
    let pings = ": a comment that comes again and again\n".repeat(100_000);
    assert_eq!(events([pings.as_bytes()]), Ok(vec![]));

    let mut parser = Parser::new();
    parser.push(line(longest + 1).into());
    assert_eq!(parser.next_event(), Err(TooLong));
    parser.push("\n\ndata: x\n\n".into());
    assert_eq!(parser.next_event(), Err(TooLong));
}

#[test]
fn an_event_without_its_empty_line_is_there_at_the_end() {
    for tail in ["event: e\ndata: x", "event: e\ndata: x\n", "event: e\r\ndata: x\r"] {
        let mut parser = Parser::new();
        parser.push(Bytes::from(tail));
        assert_eq!(parser.next_event(), Ok(None));
        assert!(parser.is_mid_event());
        let event = parser.finish().unwrap().unwrap();
        assert_eq!((event.event.unwrap(), event.data), ("e".into(), "x".into()));
        assert!(!parser.is_mid_event());
        assert_eq!(parser.finish(), Ok(None));
    }
    let mut parser = Parser::new();
    parser.push(Bytes::from("data: x\n\n: bye\n"));
    assert!(parser.next_event().unwrap().is_some());
    assert_eq!(parser.next_event(), Ok(None));
    assert!(!parser.is_mid_event());
}

/// Lets out only what `Boundary` says is complete; checks that these are all complete events.
fn relays_whole_events(pieces: &[&[u8]]) {
    let mut boundary = Boundary::new();
    let (mut out, mut inside) = (Parser::new(), Parser::new());
    let mut held = Vec::new();
    for piece in pieces {
        let shown = String::from_utf8_lossy(piece);
        inside.push(Bytes::copy_from_slice(piece));
        let end = boundary.feed(piece);
        let (now, later) = piece.split_at(end.unwrap_or(0));
        if end.is_some() {
            held.extend_from_slice(now);
            out.push(Bytes::from(std::mem::take(&mut held)));
        }
        held.extend_from_slice(later);
        loop {
            let event = out.next_event().unwrap();
            assert_eq!(event, inside.next_event().unwrap(), "{shown:?}");
            if event.is_none() {
                break;
            }
        }
        assert!(!out.is_mid_event(), "{shown:?}");
        assert_eq!(boundary.is_between_events(), held.is_empty(), "{shown:?}");
        // What is held back has no end of an event in it: an empty line beyond a line's own end.
        let lines = String::from_utf8_lossy(&held).replace("\r\n", "\n").replace('\r', "\n");
        assert!(!lines.contains("\n\n") && !lines.starts_with('\n'), "{lines:?} held");
    }
}

#[test]
fn knows_up_to_where_events_are_complete() {
    let cases: &[(&[&str], &[Option<usize>])] = &[
        (&["data: x\n\n"], &[Some(9)]),
        (&["data: x\n\ndata"], &[Some(9)]),
        (&["data: x\n", "\n"], &[None, Some(1)]),
        (&["data: x\r\n\r\ndata: y\r\n"], &[Some(11)]),
        (&["data: x\r", "\n", "\r", "\ndata"], &[None, None, Some(1), Some(1)]),
        (&["data: x\r", "\r", "\r"], &[None, Some(1), Some(1)]),
        (&["data: x\r", "data: y\n\r"], &[None, Some(9)]),
        (&["data: x\n\nda", "ta: y\n\ndata: z"], &[Some(9), Some(7)]),
        (&["", "data", ": x\n", "", "\nx"], &[None, None, None, None, Some(1)]),
        (&["\n"], &[Some(1)]),
        (&["data: x"], &[None]),
    ];
    for (pieces, wanted) in cases {
        let mut boundary = Boundary::new();
        let ends: Vec<_> = pieces.iter().map(|piece| boundary.feed(piece.as_bytes())).collect();
        assert_eq!(ends, *wanted, "{pieces:?}");
        relays_whole_events(&pieces.iter().map(|piece| piece.as_bytes()).collect::<Vec<_>>());
    }
}

fn stream() -> impl Strategy<Value = String> {
    "(data|data:|data: |event: |: |id: |\u{feff}|[a-z:é ]|\n|\r|\r\n|\n\n|\r\n\r\n|\r\r){0,30}"
}

proptest! {
    #[test]
    fn same_events_at_every_split(stream in stream()) {
        same_at_every_split(stream.as_bytes());
    }

    #[test]
    fn only_whole_events_pass_at_every_split(stream in stream(), cuts in prop::collection::vec(0_usize..8, 0..20)) {
        let bytes = stream.as_bytes();
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            relays_whole_events(&[left, right]);
        }
        relays_whole_events(&bytes.chunks(1).collect::<Vec<_>>());
        let mut rest = bytes;
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        relays_whole_events(&pieces);
    }
}
