//! A terminal of 80 × 24 in which the binary runs: util-linux's `script` gives it a pseudo-terminal, and vt100
//! reads what it draws.
//!
//! Never: the test's own terminal is asked or changed.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{eventually, router::binary, secs};

/// A running program and what it shows.
pub(super) struct Terminal {
    child: Child,
    keys: ChildStdin,
    drawn: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
}

impl Terminal {
    /// Runs the binary with these arguments.
    pub(super) fn run(args: &[&str]) -> Self {
        let quoted: Vec<String> = args.iter().map(|arg| format!("'{arg}'")).collect();
        let binary = binary();
        let command = format!(
            "stty rows {ROWS} cols {COLUMNS}; exec '{}' {}",
            binary.to_str().unwrap(),
            quoted.join(" ")
        );
        let mut child = Command::new("script")
            .args(["-q", "-e", "-f", "-c", &command, "/dev/null"])
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let drawn = Arc::new(Mutex::new((vt100::Parser::new(ROWS, COLUMNS, 0), Vec::new())));
        let (kept, mut output) = (drawn.clone(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                let mut kept = kept.lock().unwrap();
                kept.0.process(&piece[..count]);
                kept.1.extend_from_slice(&piece[..count]);
            }
        });
        let keys = child.stdin.take().unwrap();
        Self { child, keys, drawn }
    }

    /// Waits until all of these stand on the screen.
    #[track_caller]
    pub(super) fn shows(&self, wanted: &[&str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let all = async || {
                let screen = self.screen();
                wanted.iter().all(|part| screen.contains(part))
            };
            let shown = eventually(secs(20), all).await;
            assert!(shown, "{caller}: {wanted:?} is not shown:\n{}", self.screen());
        }
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Whether the program ends in time, and well.
    pub(super) async fn ends(&mut self, within: Duration) -> bool {
        let ended = async || self.child.try_wait().unwrap().is_some_and(|it| it.success());
        eventually(within, ended).await
    }

    /// What stands on the screen.
    pub(super) fn screen(&self) -> String {
        self.drawn.lock().unwrap().0.screen().contents()
    }

    /// Everything that was written to it.
    pub(super) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.drawn.lock().unwrap().1).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();
