//! The provider's side of the wire: accept, read a request, play the reply's steps.
//!
//! Never: no step is skipped because the peer misbehaves; only its leaving ends the play, and that is noted.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::reply::Step;
use super::seen::{Journal, Seen};
use super::{Accept, Script};

/// Accepts until it is aborted; its connections end with it.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    script: Script,
    journal: Arc<Journal>,
) {
    let script = Arc::new(Mutex::new(script));
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = journal.connections.fetch_add(1, Ordering::Relaxed);
        let _ = stream.set_nodelay(true);
        let accept = script.lock().unwrap().next_connect();
        let line = Line { script: script.clone(), journal: journal.clone(), number };
        connections.spawn(line.meet(stream, accept, tls.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection.
struct Line {
    script: Arc<Mutex<Script>>,
    journal: Arc<Journal>,
    number: usize,
}

impl Line {
    async fn meet(self, stream: TcpStream, accept: Accept, tls: Option<TlsAcceptor>) {
        let mut wire = Wire::Plain(stream);
        match accept {
            Accept::Reset => return wire.reset(),
            Accept::Close => return,
            Accept::Deaf => std::future::pending().await,
            Accept::Silent => return self.listen_only(wire).await,
            Accept::Say(bytes) => {
                let _ = wire.write_all(&bytes).await;
                let mut seen = Vec::new();
                let read = tokio::time::timeout(Duration::from_millis(200), wire.read(&mut seen));
                let _ = read.await;
                self.journal.note_received(&seen);
                return wire.finish().await;
            }
            Accept::Serve => {}
        }
        let wire = match (wire, tls) {
            (Wire::Plain(stream), Some(tls)) => match tls.accept(stream).await {
                Ok(stream) => Wire::Tls(Box::new(stream)),
                Err(_) => return,
            },
            (wire, _) => wire,
        };
        self.serve(wire).await;
    }

    async fn listen_only(&self, mut wire: Wire) {
        loop {
            let mut seen = Vec::new();
            match wire.read(&mut seen).await {
                Ok(0) | Err(_) => return self.journal.note_gone(),
                Ok(_) => self.journal.note_received(&seen),
            }
        }
    }

    async fn serve(&self, mut wire: Wire) {
        let mut buffer = Vec::new();
        while let Some(seen) = self.read_request(&mut wire, &mut buffer).await {
            let reply = self.script.lock().unwrap().next_reply(&seen);
            self.journal.seen.lock().unwrap().push(seen);
            match self.play(&mut wire, &mut buffer, reply.steps()).await {
                Played::Whole if !reply.closes() => {}
                Played::Whole | Played::Fin => return wire.finish().await,
                Played::Reset => return wire.reset(),
                Played::Gone => return self.journal.note_gone(),
            }
        }
    }

    async fn play(&self, wire: &mut Wire, buffer: &mut Vec<u8>, steps: Vec<Step>) -> Played {
        for step in steps {
            let going_on = match step {
                Step::Write(bytes) => self.write(wire, &bytes).await,
                Step::Pause(time) => wait(wire, buffer, Some(time)).await,
                Step::Stall => wait(wire, buffer, None).await,
                Step::Reset => return Played::Reset,
                Step::Fin => return Played::Fin,
            };
            if !going_on {
                return Played::Gone;
            }
        }
        Played::Whole
    }

    async fn write(&self, wire: &mut Wire, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(WRITE_SIZE) {
            if wire.write_all(piece).await.is_err() {
                return false;
            }
            self.journal.written.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        true
    }

    async fn read_request(&self, wire: &mut Wire, buffer: &mut Vec<u8>) -> Option<Seen> {
        let end = loop {
            if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
                break end;
            }
            self.more(wire, buffer).await?;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let at = Instant::now();
        let mut seen =
            Seen { method, target, headers, body: Vec::new(), connection: self.number, at };
        seen.body = self.read_body(wire, buffer, &seen).await?;
        Some(seen)
    }

    async fn read_body(
        &self,
        wire: &mut Wire,
        buffer: &mut Vec<u8>,
        seen: &Seen,
    ) -> Option<Vec<u8>> {
        if seen.header("transfer-encoding").is_none() {
            let length = seen.header("content-length").map_or(0, |v| v.parse().unwrap_or(0));
            while buffer.len() < length {
                self.more(wire, buffer).await?;
            }
            return Some(buffer.drain(..length).collect());
        }
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = memchr::memmem::find(buffer, b"\r\n") {
                    break end;
                }
                self.more(wire, buffer).await?;
            };
            let size = String::from_utf8_lossy(&buffer[..line]).into_owned();
            let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
            while buffer.len() < line + 2 + size + 2 {
                self.more(wire, buffer).await?;
            }
            body.extend_from_slice(&buffer[line + 2..line + 2 + size]);
            buffer.drain(..line + 2 + size + 2);
            if size == 0 {
                return Some(body);
            }
        }
    }

    async fn more(&self, wire: &mut Wire, buffer: &mut Vec<u8>) -> Option<()> {
        let before = buffer.len();
        match wire.read(buffer).await {
            Ok(0) | Err(_) => None,
            Ok(_) => {
                self.journal.note_received(&buffer[before..]);
                Some(())
            }
        }
    }
}

/// How a reply ended.
enum Played {
    Whole,
    Fin,
    Reset,
    Gone,
}

/// Waits (for ever, without a time) while listening; false when the peer left.
async fn wait(wire: &mut Wire, buffer: &mut Vec<u8>, time: Option<Duration>) -> bool {
    let until = time.map(|time| tokio::time::Instant::now() + time);
    loop {
        let read = wire.read(buffer);
        let ended = match until {
            None => Ok(read.await),
            Some(until) => tokio::time::timeout_at(until, read).await,
        };
        match ended {
            Err(_elapsed) => return true,
            Ok(Ok(0) | Err(_)) => return false,
            Ok(Ok(_)) => {}
        }
    }
}

/// The connection, with TLS or without.
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn finish(mut self) {
        let _ = match &mut self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        };
    }

    /// Dropped with a linger of zero, a socket sends RST.
    fn reset(self) {
        let stream = match &self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

const WRITE_SIZE: usize = 16 * 1024;
