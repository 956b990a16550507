//! The codec against Amazon's own, whole, in pieces and broken.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use proptest::prelude::*;

use super::*;

/// Amazon's bytes for a frame, with a header of every type beside ours.
fn theirs(kind: &str, name: &str, payload: &[u8]) -> Vec<u8> {
    let type_header = match kind {
        "exception" => EXCEPTION_TYPE,
        "error" => ERROR_CODE,
        _ => EVENT_TYPE,
    };
    let text = |text: &str| HeaderValue::String(text.to_owned().into());
    let message = Message::new(payload.to_vec())
        .add_header(Header::new("true", HeaderValue::Bool(true)))
        .add_header(Header::new("byte", HeaderValue::Byte(-1)))
        .add_header(Header::new("i16", HeaderValue::Int16(-2)))
        .add_header(Header::new(MESSAGE_TYPE, text(kind)))
        .add_header(Header::new("i32", HeaderValue::Int32(-3)))
        .add_header(Header::new("i64", HeaderValue::Int64(-4)))
        .add_header(Header::new("bytes", HeaderValue::ByteArray(b"\0\xff".to_vec().into())))
        .add_header(Header::new(type_header, text(name)))
        .add_header(Header::new(
            "time",
            HeaderValue::Timestamp(aws_smithy_types::DateTime::from_secs(5)),
        ))
        .add_header(Header::new("uuid", HeaderValue::Uuid(7)));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn ours(pieces: &[&[u8]]) -> Result<Vec<Frame>, Broken> {
    let (mut frames, mut all) = (Frames::default(), Vec::new());
    for piece in pieces {
        frames.push(piece);
        while let Some(frame) = frames.next()? {
            all.push(frame);
        }
    }
    Ok(all)
}

fn frame(kind: FrameKind, name: &str, payload: &[u8]) -> Frame {
    Frame { kind, name: name.to_owned(), payload: payload.to_vec() }
}

#[test]
fn amazons_frames_are_read_at_every_split() {
    let mut bytes = theirs("event", "messageStart", b"{\"role\":\"assistant\"}");
    bytes.extend(theirs("event", "ping", b""));
    bytes.extend(theirs("exception", "throttlingException", b"{}"));
    let expected = [
        frame(FrameKind::Event, "messageStart", b"{\"role\":\"assistant\"}"),
        frame(FrameKind::Event, "ping", b""),
        frame(FrameKind::Exception, "throttlingException", b"{}"),
    ];
    for at in 0..=bytes.len() {
        assert_eq!(ours(&[&bytes[..at], &bytes[at..]]).unwrap(), expected, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(ours(&single).unwrap(), expected);
}

#[test]
fn one_wrong_bit_is_seen() {
    let good = theirs("event", "contentBlockDelta", b"{\"p\":\"abc\"}");
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        // A longer length waits for bytes that do not come, but its checksum is wrong already.
        assert_eq!(ours(&[&bad]), Err(Broken), "bit {bit}");
    }
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    for (total, headers) in [(0, 0), (15, 0), (16, 1), (20, 5), (u32::MAX, 0), (40 << 20, 0)] {
        let mut bytes = [0; PRELUDE];
        bytes[..4].copy_from_slice(&u32::to_be_bytes(total));
        bytes[4..8].copy_from_slice(&u32::to_be_bytes(headers));
        let checksum = crc32fast::hash(&bytes[..8]);
        bytes[8..].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(ours(&[&bytes]), Err(Broken), "{total} {headers}");
    }
}

#[test]
fn an_error_without_payload_has_its_sentence() {
    let text = |text: &'static str| HeaderValue::String(text.into());
    let message = Message::new(Vec::new())
        .add_header(Header::new(MESSAGE_TYPE, text("error")))
        .add_header(Header::new(ERROR_CODE, text("InternalFailure")))
        .add_header(Header::new(":error-message", text("it \"broke\"")));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    let payload = br#"{"message":"it \"broke\""}"#;
    assert_eq!(ours(&[&bytes]).unwrap(), [frame(FrameKind::Error, "InternalFailure", payload)]);
}

proptest! {
    #[test]
    fn frame_written_is_read_by_amazons_decoder(
        name in "[a-zA-Z]{1,30}",
        payload in proptest::collection::vec(any::<u8>(), 0..600),
        exception in any::<bool>(),
    ) {
        let kind = if exception { FrameKind::Exception } else { FrameKind::Event };
        let mut bytes = Vec::new();
        write(kind, &name, &payload, &mut bytes);
        prop_assert_eq!(ours(&[&bytes]).unwrap(), [frame(kind, &name, &payload)]);
        let decoded = MessageFrameDecoder::new().decode_frame(&mut bytes.as_slice()).unwrap();
        let DecodedFrame::Complete(message) = decoded else { panic!("incomplete") };
        prop_assert_eq!(message.payload().as_ref(), payload);
        let type_header = if exception { EXCEPTION_TYPE } else { EVENT_TYPE };
        let value = |wanted: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == wanted);
            header.and_then(|header| header.value().as_string().ok()).map(|text| text.as_str().to_owned())
        };
        let message_type = if exception { "exception" } else { "event" };
        prop_assert_eq!(value(type_header), Some(name));
        prop_assert_eq!(value(MESSAGE_TYPE), Some(message_type.to_owned()));
        prop_assert_eq!(value(":content-type"), Some("application/json".to_owned()));
    }

    #[test]
    fn noise_does_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = ours(&[&bytes]);
    }
}
