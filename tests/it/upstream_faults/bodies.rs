//! Bodies that are cut, encoded or huge: B11, B18, B19.
//!
//! Never: a cut body looks whole; a large one is kept.

use crate::support::router::CHAT;
use crate::support::upstream::{Framing, gzip_stored};
use crate::support::{
    Call, End, Fault, Place, Reply, Router, Upstream, assert_envelope, assert_ok, chat, open, pair,
};

/// Answers of one JSON document that break off.
fn cut_bodies() -> Vec<Reply> {
    let large = "word ".repeat(60_000);
    let mut replies = Vec::new();
    for fault in [Fault::Fin, Fault::Reset] {
        for at in [1, 100, 200_000] {
            let whole = Reply::chat(&large);
            replies.push(whole.clone().fault(Place::BodyByte(at), fault));
            replies.push(whole.chunked().fault(Place::BodyByte(at), fault));
        }
    }
    // Every byte came, but not the chunk that says so.
    replies.push(Reply::chat(&large).chunked().fault(Place::LastPiece, Fault::Fin));
    let lie = Reply::chat("short").framing(Framing::Claims(100_000)).then_close();
    replies.push(lie);
    replies
}

#[tokio::test]
async fn b11_a_body_cut_in_the_middle_is_never_a_clean_200() {
    for reply in cut_bodies() {
        let upstream = Upstream::start(reply.clone()).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = router.chat("m").await;
        match answer.status {
            200 => {
                let cut = matches!(answer.end, End::Truncated | End::Reset);
                assert!(cut, "a cut body looks whole: {:?}", answer.end);
                assert!(reply.payload().starts_with(&answer.body));
            }
            _ => assert_envelope(&answer, 502),
        }
    }
}

/// What was looked at before is passed on with the head; the break comes after both.
#[tokio::test]
async fn b11_an_error_that_is_cut_is_told_as_far_as_it_came() {
    for fault in [Fault::Fin, Fault::Reset] {
        for at in [1, 20] {
            let error = Reply::error(500, "the model is broken");
            let upstream = Upstream::start(error.clone().fault(Place::BodyByte(at), fault)).await;
            let router = Router::start(&open(&upstream)).await;
            let answer = router.chat("m").await;
            assert_eq!((answer.status, answer.attempts()), (500, "127.0.0.1=500"));
            assert!(answer.header("x-request-id").is_some());
            assert!(matches!(answer.end, End::Truncated | End::Reset), "{:?}", answer.end);
            assert!(error.payload().starts_with(&answer.body));
        }
    }
}

#[tokio::test]
async fn b11_with_a_backup_no_client_sees_bytes_of_two_answers() {
    for reply in cut_bodies() {
        let first = Upstream::start(reply.clone()).await;
        let backup = Upstream::start(Reply::chat("from backup")).await;
        let router = Router::start(&pair(&first, &backup)).await;
        let Ok(answer) = Call::chat(&chat("m")).try_send(router.addr()).await else { continue };
        if answer.end == End::Complete {
            assert_eq!((answer.status, answer.said().as_str()), (200, "from backup"));
        } else {
            assert!(reply.payload().starts_with(&answer.body), "bytes of two answers");
        }
    }
}

#[tokio::test]
async fn b11_a_body_that_only_its_end_ends_is_whole() {
    let reply = Reply::chat("hi").framing(Framing::UntilClose);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.said(), "hi");
}

#[tokio::test]
async fn b18_an_encoded_body_passes_as_it_is() {
    let packed = gzip_stored(&Reply::chat("packed").payload());
    let reply = Reply::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(packed.clone());
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    let call = Call::chat(&chat("m")).header("accept-encoding", "gzip");
    let answer = call.send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body == packed, "the bytes are the provider's");
}

#[tokio::test]
async fn b18_no_encoding_is_asked_for_that_the_client_did_not_ask_for() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_ok(&router.chat("m").await);
    let asked = upstream.last().header("accept-encoding").map(str::to_owned);
    assert!(asked.as_deref().is_none_or(|asked| asked == "identity"), "{asked:?}");
}

#[tokio::test]
async fn b19_a_hundred_megabytes_are_streamed() {
    let piece: Vec<u8> = (0..65_536u32).map(|n| (n % 251) as u8).collect();
    let reply = Reply::new(200).header("content-type", "application/octet-stream").chunked();
    let upstream = Upstream::start(reply.body_of(piece.clone(), 1_600)).await;
    let router = Router::start(&open(&upstream)).await;
    let before = router.heap_kib();
    let mut stream = Call::chat(&chat("m")).open(router.addr()).await;
    assert_eq!(stream.status_line().await, 200);
    let (count, peak) = stream.count_rest(|| router.heap_kib()).await;
    assert!(count >= 1_600 * 65_536, "{count} bytes");
    let grown = peak.saturating_sub(before);
    assert!(grown < 12 * 1024, "grew by {grown} KiB");
}

#[tokio::test]
async fn a_large_body_is_sent_again_byte_for_byte() {
    let first = Upstream::start(Reply::error(503, "busy")).await;
    let second = Upstream::start(Reply::chat("well")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["providers"][1]["onwards_model"] = "other".into();
    let router = Router::start(&targets).await;
    let mut body = chat("m");
    body["padding"] = (0..1 << 20).map(|n| format!("{n:>9}")).collect::<String>().into();
    let answer = router.post(CHAT, "", &body).await;
    assert_eq!(answer.attempts(), "first=503,second=200");
    assert!(first.last().body == body.to_string().into_bytes());
    body["model"] = "other".into();
    assert!(second.last().body == body.to_string().into_bytes());
}
