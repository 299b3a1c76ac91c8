// SPDX-License-Identifier: MIT OR Apache-2.0
//! A running emulator.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// What switches the emulator's input from the console to its monitor, and back (`-nographic`).
const SWITCH: &str = "\x01c";

/// Has the monitor write each instruction to the log from now on: without the first two a line may stand for several
/// instructions, or for many rounds of a loop.
const TRACE: &str = "one-insn-per-tb on\nlog exec,nochain\n";

/// A running emulator; it ends with this value.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    /// Where the console hears somebody type.
    keys: ChildStdin,
    console: Lines,
}

/// What a running emulator writes, line by line.
#[derive(Debug)]
pub struct Lines(Receiver<String>);

impl Guest {
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let keys = child.stdin.take().context("the keys are a pipe")?;
        let output = child.stdout.take().context("the console is a pipe")?;
        Ok(Self { child, keys, console: Lines::of(output) })
    }

    /// Also gives the emulator's own log. It must be read to its end: the emulator waits for that.
    pub fn start_with_log(mut command: Command) -> Result<(Self, Lines)> {
        command.stderr(Stdio::piped());
        let mut guest = Self::start(command)?;
        let log = guest.child.stderr.take().context("the log is a pipe")?;
        Ok((guest, Lines::of(log)))
    }

    /// Hands on each line of the console up to `last`, at which the guest waits for a key.
    pub fn read_to(
        &mut self,
        last: &str,
        deadline: Instant,
        mut each: impl FnMut(String),
    ) -> Result<(), String> {
        loop {
            let line = self.console.next(deadline)?.ok_or_else(|| format!("it has not said {last:?}"))?;
            let found = line == last;
            each(line);
            if found {
                return Ok(());
            }
        }
    }

    /// The console's next line; `None` behind the last.
    pub fn next(&mut self, deadline: Instant) -> Result<Option<String>, String> {
        self.console.next(deadline)
    }

    /// Has each instruction written to the log, and hits a key.
    pub fn trace(&mut self) -> Result<()> {
        write!(self.keys, "{SWITCH}{TRACE}{SWITCH}k").context("typing into the emulator")
    }

    /// Hands on each line of the console until the guest has powered off.
    pub fn read(mut self, limit: Duration, mut each: impl FnMut(String)) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        while let Some(line) = self.console.next(deadline)? {
            each(line);
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the emulator ended with {status}")),
            Err(error) => Err(format!("the emulator is lost: {error}")),
        }
    }
}

impl Lines {
    /// The next line; `None` behind the last.
    pub fn next(&self, deadline: Instant) -> Result<Option<String>, String> {
        match self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Err("still running behind its time limit".to_owned()),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    /// Reads in a thread of its own, so that a silent guest can be timed out.
    fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail once the guest has powered off, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
