//! The provider, as cheap as it can be: reads a request, answers as the query says. It runs in
//! a process of its own, so that its time is nobody else's. It never parses a body.
//!
//! `events=N&gap_ms=M`: a stream; `echo=1`: the body as it arrived; a path below `/fail`: 503;
//! otherwise a small chat completion.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use super::wire::Wire;

/// The role's entry.
pub(crate) fn main(port: u16) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                // A connection that the other side dropped is not this side's problem.
                let _ = serve(stream).await;
            });
        }
    })
}

/// How one request is answered.
#[derive(Debug, Default)]
struct Plan {
    events: u32,
    gap_ms: u32,
    echo: bool,
    fail: bool,
}

impl Plan {
    fn parse(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut plan = Self { fail: path.starts_with("/fail"), ..Self::default() };
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "events" => plan.events = value.parse().unwrap_or(0),
                "gap_ms" => plan.gap_ms = value.parse().unwrap_or(0),
                "echo" => plan.echo = value == "1",
                _ => {}
            }
        }
        plan
    }
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut wire = Wire::new(stream, READ_BUFFER)?;
    let completion = whole("200 OK", COMPLETION.as_bytes());
    let failure = whole("503 Service Unavailable", FAILURE.as_bytes());
    while let Some(head) = wire.head().await? {
        let plan = Plan::parse(head.target());
        let mut kept = Vec::new();
        wire.body(head.framing, |piece| {
            if plan.echo {
                kept.extend_from_slice(piece);
            }
        })
        .await?;
        if plan.fail {
            wire.write(&failure).await?;
        } else if plan.echo {
            wire.write(&whole("200 OK", &kept)).await?;
        } else if plan.events > 0 {
            stream_events(&mut wire, &plan).await?;
        } else {
            wire.write(&completion).await?;
        }
    }
    Ok(())
}

/// A head and a body of known length, with the headers that a provider usually sends.
fn whole(status: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{PROVIDER_HEADERS}\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// One write per event, as providers do; the first at once, the others each a gap later.
async fn stream_events(wire: &mut Wire, plan: &Plan) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{PROVIDER_HEADERS}\
         transfer-encoding: chunked\r\n\r\n"
    );
    wire.write(head.as_bytes()).await?;
    let gap = Duration::from_millis(u64::from(plan.gap_ms));
    let mut due = Instant::now();
    for number in 0..plan.events {
        // Even a sleep that is due already takes the timer's millisecond.
        if number > 0 && plan.gap_ms > 0 {
            due += gap;
            sleep_until(due).await;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let event = format!("data: {{{SENT_AT}{now:019},{EVENT_REST}}}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        wire.write(chunk.as_bytes()).await?;
    }
    wire.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n").await
}

/// What stands before the nanoseconds at which an event was written.
pub(crate) const SENT_AT: &str = "\"sent_at\":";

const READ_BUFFER: usize = 256 << 10;
const PROVIDER_HEADERS: &str = "date: Mon, 06 Oct 2025 10:00:00 GMT\r\n\
    x-request-id: req_0123456789abcdef0123456789abcdef\r\n";
const COMPLETION: &str = r#"{"id":"chatcmpl-0123456789abcdefghijklmno","object":"chat.completion","created":1759744800,"model":"gpt-4-0613","choices":[{"index":0,"message":{"role":"assistant","content":"The second draft: a figure with its source can be checked, and the first one says nothing that could be wrong.\nIf the source is old, say so beside the figure rather than leaving it out.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":182,"completion_tokens":43,"total_tokens":225,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":null}"#;
const FAILURE: &str =
    r#"{"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}"#;
const EVENT_REST: &str = r#""id":"chatcmpl-0123456789abcdefghijklmno","object":"chat.completion.chunk","created":1759744800,"model":"gpt-4-0613","choices":[{"index":0,"delta":{"content":" figure"},"finish_reason":null}]"#;
