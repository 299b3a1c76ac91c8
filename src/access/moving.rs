// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies within user memory whose ranges may overlap (memmove), exact as all others.
//!
//! A fault leaves a prefix done here too, and nothing behind it touched. That is easy where the copy may ascend. Where
//! the destination begins inside of the source, it must descend, and a fault in a descending copy would leave a suffix
//! done. So before the first byte is written, each page of both ranges is touched, in ascending order: what can be
//! reached is known then, and just that prefix is moved.
//!
//! The touch of the destination is an atomic OR of nothing: no other CPU's write is lost. A descending routine for each
//! machine would not have spared it, and would have been another four hundred lines of assembly. Buffers on the stack do
//! not spare it, either: an ascending copy has to keep as many bytes as the ranges are apart.
//!
//! What changes behind the touch is what cannot be promised: a page that goes away during a descending copy, and a cause
//! that ends inside a page. Then the copy goes on with the bytes below. `done` counts the prefix that has been moved
//! whole, and bytes behind it may have been moved too.

use crate::{
    access::outcome::Outcome,
    extable::cause::{Access, FaultKind},
};

const PAGE_SIZE: usize = 4096;

/// The bytes that go through the stack at once, where the ranges are less than that apart.
const CHUNK: usize = 256;

/// Two ranges of user memory, accessed by offsets that both have.
pub(crate) trait Ranges {
    /// Copies from the source to the destination; the bytes do not overlap.
    fn copy(&self, at: usize, len: usize) -> Outcome;
    /// Copies from the source.
    fn read(&self, at: usize, buf: &mut [u8]) -> Outcome;
    /// Copies to the destination.
    fn write(&self, at: usize, buf: &[u8]) -> Outcome;
    /// Reads a byte of the source.
    fn touch_source(&self, at: usize) -> Result<(), FaultKind>;
    /// Writes a byte of the destination, as it is.
    fn touch_destination(&self, at: usize) -> Result<(), FaultKind>;
}

/// Where a move stopped, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) done: usize,
    pub(crate) access: Access,
    pub(crate) kind: FaultKind,
}

/// Moves `len` bytes, where the ranges begin at these addresses.
pub(crate) fn run(ranges: &impl Ranges, dst: usize, src: usize, len: usize) -> Result<(), Stop> {
    let distance = dst.abs_diff(src);
    if distance >= len {
        return stop(ranges.copy(0, len), 0, len, None);
    }
    let piece = if distance < CHUNK { CHUNK } else { distance };
    let step = |at: usize, len: usize| {
        if distance < CHUNK {
            through_stack(ranges, at, len)
        } else {
            stop(ranges.copy(at, len), at, len, None)
        }
    };
    if dst <= src {
        let mut at = 0;
        while at < len {
            let now = piece.min(len - at);
            step(at, now)?;
            at += now;
        }
        return Ok(());
    }
    let mut outcome = touch(dst, src, len, ranges);
    let mut end = outcome.err().map_or(len, |stop| stop.done);
    while end > 0 {
        let now = piece.min(end);
        end -= now;
        if let Err(stop) = step(end, now) {
            outcome = Err(stop);
        }
    }
    outcome
}

/// Touches each page, and tells where the first byte is that cannot be moved.
fn touch(dst: usize, src: usize, len: usize, ranges: &impl Ranges) -> Result<(), Stop> {
    let of = |start: usize, len: usize, access: Access| {
        let touch = |at: usize| match access {
            Access::Read => ranges.touch_source(at),
            Access::Write => ranges.touch_destination(at),
        };
        let mut at = 0;
        while at < len {
            touch(at).map_err(|kind| Stop { done: at, access, kind })?;
            at += PAGE_SIZE - start.wrapping_add(at) % PAGE_SIZE;
        }
        Ok(())
    };
    let source = of(src, len, Access::Read);
    // What is not moved in any case is not touched for writing.
    let reachable = source.err().map_or(len, |stop: Stop| stop.done);
    of(dst, reachable, Access::Write).and(source)
}

/// Copies a piece that overlaps with its destination.
fn through_stack(ranges: &impl Ranges, at: usize, len: usize) -> Result<(), Stop> {
    let mut buf = [0; CHUNK];
    let buf = &mut buf[..len];
    let read = stop(ranges.read(at, buf), at, len, Some(Access::Read));
    let there = read.err().map_or(len, |stop| stop.done - at);
    stop(ranges.write(at, &buf[..there]), at, there, Some(Access::Write)).and(read)
}

/// The result of `len` bytes from `at` on.
#[inline]
fn stop(outcome: Outcome, at: usize, len: usize, access: Option<Access>) -> Result<(), Stop> {
    if outcome.left() == 0 {
        return Ok(());
    }
    // A trap frame that restores the wrong register may leave any count.
    let done = at + len.saturating_sub(outcome.left());
    let access = access.or(outcome.access()).unwrap_or(Access::Read);
    Err(Stop { done, access, kind: outcome.kind() })
}
