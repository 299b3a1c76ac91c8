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
    lines: Receiver<String>,
}

impl Guest {
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let output = child.stdout.take().context("the console is a pipe")?;
        Ok(Self { child, lines: lines_of(output) })
    }

    /// Hands on each line of the console until the guest has powered off.
    pub fn read(mut self, limit: Duration, mut each: impl FnMut(String)) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => each(line),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("still running after {} s", limit.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the emulator ended with {status}")),
            Err(error) => Err(format!("the emulator is lost: {error}")),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail once the guest has powered off, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread of their own, so that a silent guest can be timed out.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
