// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs one operation between two areas and compares everything with the oracle.

use alloc::{format, string::String, vec::Vec};
use core::ops::Range;

use axptr::Access;

use crate::{
    area::Area,
    ensure::ensure,
    op::{Answer, Api, Call, Op},
    oracle::{Oracle, Side},
    site::Site,
};

/// Bytes on either side of the destination that are looked at after each operation.
pub(crate) const CANARY: usize = 64;

/// A place in an area.
#[derive(Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) area: &'a mut Area,
    pub(crate) offset: usize,
}

impl<'a> Spot<'a> {
    pub(crate) const fn new(area: &'a mut Area, offset: usize) -> Self {
        Self { area, offset }
    }

    fn addr(&self) -> usize {
        self.area.at(self.offset)
    }

    fn range(&self, len: usize) -> Range<usize> {
        self.offset..self.offset + len
    }

    fn side(&self, access: Access, len: usize, lazy_comes: bool) -> Side {
        let bad = self.area.first_bad_if(self.range(len), access, lazy_comes);
        Side { access, start: self.addr(), bad }
    }
}

/// Where the bytes come from.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Area(Spot<'a>),
    Byte(u8),
}

/// One operation to be checked: the areas lie where `op` takes them from.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) op: Op,
    pub(crate) api: Api,
    pub(crate) dst: Spot<'a>,
    pub(crate) src: Source<'a>,
    pub(crate) len: usize,
}

impl Trial<'_> {
    /// Does it, checks it, and makes the destination again what it was.
    ///
    /// Checked are: the count, the cause and its address, the number of traps, every byte of the
    /// destination's range and [`CANARY`] bytes on either side of it.
    pub(crate) fn run(mut self, site: &mut dyn Site) -> Result<(), String> {
        let (op, len) = (self.op, self.len);
        let call = self.call();
        let lazy_comes = self.api != Api::NoFault || !site.lazy_needs_pager();
        let (sides, count) = self.sides(lazy_comes);
        let oracle = Oracle { op, len, sides: &sides[..count], handler: site.handler() };
        let (paged_at_least, paged_at_most) = (self.lazy_pages(oracle.copied()), self.lazy_pages(len));

        let before = site.traps();
        // SAFETY: (1) a kernel area is memory of its own; (2) a user area is what `Site` promises.
        let answer = unsafe { call.run() };
        let traps = site.traps() - before;

        self.look_again(site);
        let paging = if lazy_comes { site.traps_per_lazy_page() } else { 0 };
        let least = oracle.traps().start() + paged_at_least * paging;
        let most = oracle.traps().end() + paged_at_most * paging;
        let verdict = judge(&oracle, answer)
            .and_then(|()| match (least..=most).contains(&traps) {
                true => Ok(()),
                false => Err(format!("{traps} traps, expected {least}..={most}")),
            })
            .and_then(|()| self.bytes(oracle.copied()));

        let touched = if verdict.is_ok() { self.dst.range(answer.copied) } else { 0..self.dst.area.len() };
        self.dst.area.restore(touched);
        verdict.map_err(|reason| format!("{reason}: {call:x?}, {:x?}", oracle.sides))
    }

    fn call(&self) -> Call {
        let (src, byte) = match &self.src {
            Source::Area(spot) => (spot.addr(), 0),
            Source::Byte(byte) => (0, *byte),
        };
        Call { op: self.op, api: self.api, dst: self.dst.addr(), src, byte, len: self.len }
    }

    /// The user sides, and how many there are.
    fn sides(&self, lazy_comes: bool) -> ([Side; 2], usize) {
        let write = self.dst.side(Access::Write, self.len, lazy_comes);
        let read = match &self.src {
            Source::Area(spot) => spot.side(Access::Read, self.len, lazy_comes),
            Source::Byte(_) => write,
        };
        match (self.op.reads_user(), self.op.writes_user()) {
            (true, true) => ([read, write], 2),
            (true, false) => ([read, write], 1),
            (false, _) => ([write, read], 1),
        }
    }

    /// Pages of either side's first `len` bytes that are still to be paged in.
    fn lazy_pages(&self, len: usize) -> usize {
        let read = match &self.src {
            Source::Area(spot) => spot.area.lazy_pages(spot.range(len)),
            Source::Byte(_) => 0,
        };
        read + self.dst.area.lazy_pages(self.dst.range(len))
    }

    fn look_again(&mut self, site: &mut dyn Site) {
        self.dst.area.look_again(site);
        if let Source::Area(spot) = &mut self.src {
            spot.area.look_again(site);
        }
    }

    /// The first `copied` bytes are the source's; those around them are what they were.
    fn bytes(&self, copied: usize) -> Result<(), String> {
        let dst = &self.dst;
        let wrong = match &self.src {
            Source::Area(spot) => {
                dst.area.first_difference(dst.offset, spot.area.expected(spot.range(copied)))
            }
            Source::Byte(byte) => {
                let expected: Vec<u8> = alloc::vec![*byte; copied];
                dst.area.first_difference(dst.offset, &expected)
            }
        };
        if let Some(wrong) = wrong {
            return Err(format!("byte {} is not the source's", wrong - dst.offset));
        }
        let behind = dst.offset + copied..(dst.offset + self.len + CANARY).min(dst.area.len());
        if let Some(wrong) = dst.area.first_wrong(behind) {
            return Err(format!("byte {} was written, only {copied} may be", wrong - dst.offset));
        }
        let before = dst.offset.saturating_sub(CANARY)..dst.offset;
        if let Some(wrong) = dst.area.first_wrong(before) {
            return Err(format!("the byte {} before the range was written", dst.offset - wrong));
        }
        Ok(())
    }
}

fn judge(oracle: &Oracle<'_>, answer: Answer) -> Result<(), String> {
    ensure!(oracle.agrees(answer), "{answer:x?}, expected {} of {} bytes", oracle.copied(), oracle.len);
    Ok(())
}
