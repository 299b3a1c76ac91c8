// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an operation must answer, computed from the pages alone.

use core::ops::RangeInclusive;

use axptr::{Access, FaultKind};

use crate::{
    op::{Answer, Op, Stop},
    site::{Handler, PAGE},
};

/// One user side of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) access: Access,
    /// The address of its first byte.
    pub(crate) start: usize,
    /// The distance to the first byte that does not permit the access, and why.
    pub(crate) bad: Option<(usize, FaultKind)>,
}

impl Side {
    fn fails_at(&self) -> usize {
        self.bad.map_or(usize::MAX, |(distance, _)| distance)
    }

    /// Whether `len` bytes begin inside a page and end in a later one.
    fn crosses_an_edge(&self, len: usize) -> bool {
        let into_page = self.start % PAGE;
        into_page != 0 && into_page + len > PAGE
    }
}

/// The truth about one operation with at least one user side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Oracle<'a> {
    pub(crate) op: Op,
    pub(crate) len: usize,
    pub(crate) sides: &'a [Side],
    pub(crate) handler: Handler,
}

impl Oracle<'_> {
    /// Contract C3: the distance to the first byte that is bad on a side.
    pub(crate) fn copied(&self) -> usize {
        self.sides.iter().map(Side::fails_at).min().unwrap_or(usize::MAX).min(self.len)
    }

    /// Contract C16, the one place that states it: how many traps a call may cost, lazy pages aside.
    ///
    /// - No byte is bad: none.
    /// - A good byte comes first: exactly one. The edge is a page's, so the landing knows it.
    /// - The first byte is bad: one; or two, if the range crosses a page's edge, because the access that
    ///   faulted may have been the one behind the edge. So the landing tries the bytes before it.
    /// - Both sides of a copy in user space are bad: one or two. The landing goes up to the edge of the side
    ///   that faulted, and the other may end before it.
    /// - The handler told nothing to an instruction that touches both sides: one or two. The routine goes on
    ///   bytewise.
    /// - The cause may end inside a page: up to two, for the same reason, even if no byte turns out to be bad.
    pub(crate) fn traps(&self) -> RangeInclusive<usize> {
        let copied = self.copied();
        if copied == self.len {
            return 0..=if self.handler == Handler::SubPage { 2 } else { 0 };
        }
        let mut failing = self.sides.iter().filter(|side| side.bad.is_some());
        let (first, second) = (failing.next(), failing.next());
        let at_edge_of_unknown = copied == 0 && first.is_some_and(|side| side.crosses_an_edge(self.len));
        let untold = match self.handler {
            Handler::Full => false,
            Handler::PcOnly => self.op == Op::InUser,
            Handler::SubPage => true,
        };
        1..=if at_edge_of_unknown || second.is_some() || untold { 2 } else { 1 }
    }

    /// Whether `answer` is the right one.
    pub(crate) fn agrees(&self, answer: Answer) -> bool {
        answer.copied == self.copied()
            && match answer.stop {
                None => answer.copied == self.len,
                Some(stop) => answer.copied < self.len && self.explains(stop, answer.copied),
            }
    }

    /// Whether a side fails at this byte in the way that `stop` says.
    fn explains(&self, stop: Stop, copied: usize) -> bool {
        // A handler that tells nothing leaves the side of a copy in user space open, and the bare routines
        // without an access.
        let access_is_told = self.handler != Handler::PcOnly;
        let is_this = |side: &&Side| match stop.access {
            Some(access) => side.access == access,
            None => !access_is_told,
        };
        let Some(side) = self.sides.iter().find(is_this) else { return false };
        if stop.addr.is_some_and(|addr| addr != side.start.wrapping_add(copied)) {
            return false;
        }
        match (self.handler, side.bad) {
            (Handler::Full, Some((distance, kind))) => distance == copied && stop.kind == kind,
            (Handler::SubPage, Some((distance, _))) => {
                distance == copied && stop.kind == FaultKind::Misaligned
            }
            (Handler::PcOnly, bad) => {
                let open = self.op == Op::InUser;
                (open || bad.is_some_and(|(distance, _)| distance == copied))
                    && stop.kind == FaultKind::Unknown
            }
            (_, None) => false,
        }
    }
}
