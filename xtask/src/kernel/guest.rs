// SPDX-License-Identifier: MIT OR Apache-2.0
//! A running emulator.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// A running emulator; it ends with this value.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    console: Lines,
}

/// What a running emulator writes, line by line.
#[derive(Debug)]
pub struct Lines(Receiver<String>);

impl Guest {
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let output = child.stdout.take().context("the console is a pipe")?;
        Ok(Self { child, console: Lines::of(output) })
    }

    /// Also gives the emulator's own log. It must be read to its end: the emulator waits for that.
    pub fn start_with_log(mut command: Command) -> Result<(Self, Lines)> {
        command.stderr(Stdio::piped());
        let mut guest = Self::start(command)?;
        let log = guest.child.stderr.take().context("the log is a pipe")?;
        Ok((guest, Lines::of(log)))
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
