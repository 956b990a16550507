//! Where the bytes of a stream are divided must not matter: B16, B17.
//!
//! Never: a stream that is only passed on is re-framed.

use crate::support::upstream::chunk_event;
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Upstream, assert_ok, assert_stream_error, chat_stream,
    open,
};

fn lines(ending: &str) -> String {
    let text = "data: {\"a\":1}\n\nevent: x\ndata: {\"b\":2}\nid: 7\n\n: ping\n\ndata: [DONE]\n\n";
    text.replace('\n', ending)
}

#[tokio::test]
async fn b16_what_is_strange_but_framed_passes_untouched() {
    let strange: [&[u8]; 5] = [
        b"data: not json at all\n\ndata: {\"x\": \n\n",
        b"data: \xff\xfe\x00\x80\n\ndata: {}\n\n",
        b"nonsense without a colon\n\nretry: soon\n\n",
        b"\n\n\n\ndata:\n\n\n\ndata: {}\n\n",
        b"data: {\"a\":1}\ndata: {\"b\":2}\n\n",
    ];
    for bytes in strange {
        let sent = [bytes, b"data: [DONE]\n\n"].concat();
        let upstream = Upstream::start(Reply::sse([sent.clone()])).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_ok(&answer);
        let (was, came) = (String::from_utf8_lossy(&sent), answer.text());
        assert!(answer.body == sent, "sent {was:?}, came {came:?}");
    }
}

#[tokio::test]
async fn b16_a_line_of_fifty_megabytes_is_not_kept_in_memory() {
    let piece = vec![b'x'; 65_536];
    let start = chunk_event("a") + "data: ";
    let pieces = std::iter::once(start.into_bytes()).chain(std::iter::repeat_n(piece, 800));
    let upstream = Upstream::start(Reply::sse(pieces.chain([b"\n\n".to_vec()]))).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.heap_kib();
    let mut events = Call::chat(&chat_stream("m")).stream(router.addr()).await;
    let (seen, end) = events.all().await;
    assert_eq!(end, End::Complete);
    let last = seen.last().unwrap();
    // Either it is all there, or its refusal is told.
    if last.text.len() < 50 << 20 {
        assert_stream_error(last);
    }
    let grown = router.heap_kib().saturating_sub(before);
    assert!(grown < 24 * 1024, "grew by {grown} KiB");
}

#[tokio::test]
async fn b17_line_ends_of_every_kind_and_a_mark_pass_untouched() {
    let bom = "\u{feff}".to_owned() + &lines("\n");
    let mixed = lines("\r\n") + &lines("\n") + &lines("\r");
    for text in [lines("\n"), lines("\r\n"), lines("\r"), bom, mixed] {
        let upstream = Upstream::start(Reply::sse([text.clone()])).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_ok(&answer);
        assert_eq!(answer.text(), text);
    }
}

#[tokio::test]
async fn b17_a_stream_divided_at_any_byte_is_the_same_stream() {
    for text in [lines("\n"), lines("\r\n"), lines("\r")] {
        let replies: Vec<Reply> = (1..text.len())
            .map(|at| Reply::sse([text[..at].to_owned(), text[at..].to_owned()]))
            .collect();
        let count = replies.len();
        let script = crate::support::Script::always(Reply::chat("over")).first(replies);
        let upstream = Upstream::start(script).await;
        let router = Router::start(&open(&upstream)).await;
        for at in 1..=count {
            let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
            assert_eq!(answer.text(), text, "divided at {at}");
        }
    }
}

#[tokio::test]
async fn b17_a_stream_cut_at_any_byte_delivers_whole_events_and_says_so() {
    let events = ["data: {\"a\":1}\n\n", "data: {\"b\":2}\r\n\r\n", "data: {\"c\":3}\n\n"];
    let text = events.concat();
    let cuts: Vec<Reply> = (0..text.len())
        .filter(|at| !text[..*at].ends_with("\n\r"))
        .map(|at| Reply::sse([text.clone()]).fault(Place::BodyByte(at), Fault::Fin))
        .collect();
    let upstream = Upstream::start(crate::support::Script::always(Reply::chat("over")).first(cuts));
    let upstream = upstream.await;
    let router = Router::start(&open(&upstream)).await;
    // Between CR and LF of a blank line an event may be taken as ended or not; both are right.
    for at in (0..text.len()).filter(|at| !text[..*at].ends_with("\n\r")) {
        let whole: usize = events
            .iter()
            .scan(0, |end, event| {
                *end += event.len();
                Some(*end)
            })
            .filter(|end| *end <= at)
            .last()
            .unwrap_or(0);
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        if answer.status != 200 {
            assert_eq!(whole, 0, "cut at {at}: {}", answer.text());
            continue;
        }
        let came = answer.text();
        assert_eq!(answer.end, End::Complete, "cut at {at}");
        // A CRLF pair may be ended by its LF in the next chunk; that LF alone is no event.
        let rest = came.strip_prefix(&text[..whole]).unwrap_or_else(|| panic!("at {at}: {came:?}"));
        let told = rest.trim_start();
        assert!(told.starts_with("data: {\"error\":"), "cut at {at}: {came:?}");
        assert_eq!(told.matches("\n\n").count(), 1, "cut at {at}: {came:?}");
        assert!(!came.contains("[DONE]"), "cut at {at}");
    }
}
