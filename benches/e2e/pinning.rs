//! Which core runs whom: gateways on the first, the driver and the upstream on the second, so that
//! neither takes the other's time. Without `taskset` or a second core nobody is pinned.
//! It never changes the affinity of anything but this process and the children it starts.

use std::process::{Command, Stdio};

/// How children are started so that they run where they should.
#[derive(Debug)]
pub(crate) struct Pinning {
    pinned: bool,
    /// `setpriv --pdeathsig` is here: children die with this process even if it is killed.
    bound: bool,
}

impl Pinning {
    /// Finds out what this machine can do and moves this process to the driver's core.
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let own = std::process::id().to_string();
        let pinned = cores >= 2
            && succeeds("taskset", &["-c", GATEWAY_CORE, "true"])
            && succeeds("taskset", &["-a", "-p", "-c", DRIVER_CORE, &own]);
        let bound = succeeds("setpriv", &["--pdeathsig", "KILL", "true"]);
        Self { pinned, bound }
    }

    /// One sentence for the report.
    pub(crate) fn describe(&self) -> &'static str {
        if self.pinned {
            "gateways on core 0, driver and upstream on core 1"
        } else {
            "nothing pinned (taskset or a second core is missing): expect noise"
        }
    }

    /// A command for a gateway.
    pub(crate) fn gateway(&self, program: &str) -> Command {
        self.command(program, self.pinned)
    }

    /// A command for the upstream; it inherits the driver's core.
    pub(crate) fn upstream(&self, program: &str) -> Command {
        self.command(program, false)
    }

    /// Both wrappers replace themselves by the program, so the child's id is the program's.
    fn command(&self, program: &str, on_gateway_core: bool) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if self.bound {
            words.extend(["setpriv", "--pdeathsig", "KILL"]);
        }
        if on_gateway_core {
            words.extend(["taskset", "-c", GATEWAY_CORE]);
        }
        words.push(program);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

const GATEWAY_CORE: &str = "0";
const DRIVER_CORE: &str = "1";
