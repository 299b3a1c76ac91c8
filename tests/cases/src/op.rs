// SPDX-License-Identifier: MIT OR Apache-2.0
//! The four operations behind one interface: as safe functions, as those for unpredictable sizes, as the bare
//! routines, and as those that never enter the pager.

use core::{ptr, slice};

use axptr::{
    Access, Fault, FaultKind,
    raw::{self, Outcome},
    unpredictable,
};

/// A bulk operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    FromUser,
    ToUser,
    InUser,
    Fill,
}

impl Op {
    pub(crate) const ALL: [Self; 4] = [Self::FromUser, Self::ToUser, Self::InUser, Self::Fill];

    pub(crate) const fn reads_user(self) -> bool {
        matches!(self, Self::FromUser | Self::InUser)
    }

    pub(crate) const fn writes_user(self) -> bool {
        !matches!(self, Self::FromUser)
    }
}

/// The layer at which an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Typed,
    Unpredictable,
    Raw,
    NoFault,
}

impl Api {
    pub(crate) const ALL: [Self; 4] = [Self::Typed, Self::Unpredictable, Self::Raw, Self::NoFault];

    /// Whether it has the operation; [`Call::run`] uses the typed one where not.
    pub(crate) const fn has(self, op: Op) -> bool {
        !matches!(self, Self::Unpredictable) || matches!(op, Op::FromUser | Op::ToUser)
    }
}

/// One call. Addresses of kernel memory have exposed provenance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) op: Op,
    pub(crate) api: Api,
    pub(crate) dst: usize,
    /// Not used by a fill.
    pub(crate) src: usize,
    /// Used by a fill.
    pub(crate) byte: u8,
    pub(crate) len: usize,
}

/// What a call answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) copied: usize,
    pub(crate) stop: Option<Stop>,
}

/// What stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) access: Option<Access>,
    pub(crate) kind: FaultKind,
    /// Only the typed functions tell.
    pub(crate) addr: Option<usize>,
}

impl Call {
    /// Does it.
    ///
    /// # Safety
    ///
    /// 1. Kernel sides are valid for `len` bytes, initialised, and not borrowed.
    /// 2. User sides hold no memory of a Rust object, if they can be accessed at all.
    pub(crate) unsafe fn run(&self) -> Answer {
        match self.api {
            // SAFETY: as our own.
            Api::Typed | Api::Unpredictable => unsafe { self.typed() },
            // SAFETY: as our own.
            Api::Raw => unsafe { self.raw() },
            // SAFETY: as our own.
            Api::NoFault => unsafe { self.nofault() },
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn typed(&self) -> Answer {
        let Self { op, dst, src, byte, len, .. } = *self;
        let unpredictable = self.api == Api::Unpredictable;
        let result = match op {
            Op::FromUser => {
                // SAFETY: (1).
                let dst = unsafe { slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut(dst), len) };
                let copy = if unpredictable { unpredictable::copy_from_user } else { axptr::copy_from_user };
                copy(dst, src)
            }
            Op::ToUser => {
                // SAFETY: (1).
                let src = unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(src), len) };
                let copy = if unpredictable { unpredictable::copy_to_user } else { axptr::copy_to_user };
                copy(dst, src)
            }
            Op::InUser => axptr::copy_in_user(dst, src, len),
            Op::Fill => axptr::fill_user(dst, byte, len),
        };
        match result {
            Ok(()) => Answer { copied: len, stop: None },
            Err(fault) => fault.into(),
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn raw(&self) -> Answer {
        let Self { op, dst, src, byte, len, .. } = *self;
        let outcome = match op {
            Op::FromUser => {
                let dst = ptr::with_exposed_provenance_mut(dst);
                // SAFETY: (1) and (2).
                unsafe { raw::copy_from_user(dst, src, len) }
            }
            Op::ToUser => {
                let src = ptr::with_exposed_provenance(src);
                // SAFETY: (1) and (2).
                unsafe { raw::copy_to_user(dst, src, len) }
            }
            // SAFETY: (2).
            Op::InUser => unsafe { raw::copy_in_user(dst, src, len) },
            // SAFETY: (2).
            Op::Fill => unsafe { raw::fill_user(dst, byte, len) },
        };
        self.answer(outcome)
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn nofault(&self) -> Answer {
        let Self { op, dst, src, byte, len, .. } = *self;
        let outcome = match op {
            Op::FromUser => {
                let dst = ptr::with_exposed_provenance_mut(dst);
                // SAFETY: (1) and (2).
                unsafe { raw::nofault::copy_from_user(dst, src, len) }
            }
            Op::ToUser => {
                let src = ptr::with_exposed_provenance(src);
                // SAFETY: (1) and (2).
                unsafe { raw::nofault::copy_to_user(dst, src, len) }
            }
            // SAFETY: (2).
            Op::InUser => unsafe { raw::nofault::copy_in_user(dst, src, len) },
            // SAFETY: (2).
            Op::Fill => unsafe { raw::nofault::fill_user(dst, byte, len) },
        };
        self.answer(outcome)
    }

    fn answer(&self, outcome: Outcome) -> Answer {
        // More left than asked for would be a wrong answer, not one to panic about.
        let copied = self.len.wrapping_sub(outcome.left());
        let stop = Stop { access: outcome.access(), kind: outcome.kind(), addr: None };
        Answer { copied, stop: (outcome.left() != 0).then_some(stop) }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        let stop = Stop { access: Some(fault.access), kind: fault.kind, addr: Some(fault.addr) };
        Self { copied: fault.done, stop: Some(stop) }
    }
}
