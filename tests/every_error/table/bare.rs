// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines and values by raw pointer. Nothing checks their addresses.

use std::ptr::{self, NonNull};

use axptr::{
    Access::{self, Read, Write},
    Fault,
    raw::{self, Outcome},
};

use crate::operation::{
    Answer, Call,
    Effect::{Fill, FromKernel, FromOther, None, ToKernel, ToOther},
    Operation, Refusal, reads, writes,
};

const BYTE: u8 = 0x5b;

pub(super) fn all(rows: &mut Vec<Operation>) {
    let first = rows.len();
    value::<1>(rows);
    value::<2>(rows);
    value::<4>(rows);
    value::<8>(rows);
    // By the routine.
    value::<12>(rows);
    value::<65>(rows);
    rows.extend_from_slice(BY_POINTER);
    for row in &mut rows[first..] {
        *row = row.refusal(Refusal::Unchecked);
    }
}

fn value<const N: usize>(rows: &mut Vec<Operation>) {
    let mut loads = |name, run| rows.push(reads(name, None, run).of(N));
    loads("raw::load", |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) bytes.
        loaded(c, unsafe { raw::load::<[u8; N]>(source(c.addr).cast()) })
    });
    loads("raw::nofault::load", |c| {
        // SAFETY: as above.
        loaded(c, unsafe { raw::nofault::load::<[u8; N]>(source(c.addr).cast()) })
    });
    let mut stores = |name, run| rows.push(writes(name, FromKernel, run).of(N));
    stores("raw::store", |c| {
        let value: [u8; N] = (&*c.kernel).try_into().unwrap();
        // SAFETY: (1) the test's pages, or nothing; (2) bytes.
        stored(c, unsafe { raw::store(destination(c.addr).cast(), value) })
    });
    stores("raw::nofault::store", |c| {
        let value: [u8; N] = (&*c.kernel).try_into().unwrap();
        // SAFETY: as above.
        stored(c, unsafe { raw::nofault::store(destination(c.addr).cast(), value) })
    });
}

/// The forms with an address are in `bytes`.
const BY_POINTER: &[Operation] = &[
    reads("raw::copy_from_user", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_from_user(c.kernel.as_mut_ptr(), source(c.addr), c.len) };
        copied(c, outcome, Read)
    }),
    reads("raw::nofault::copy_from_user", ToKernel, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::nofault::copy_from_user(c.kernel.as_mut_ptr(), source(c.addr), c.len) };
        copied(c, outcome, Read)
    }),
    writes("raw::copy_to_user", FromKernel, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::copy_to_user(destination(c.addr), c.kernel.as_ptr(), c.len) };
        copied(c, outcome, Write)
    }),
    writes("raw::nofault::copy_to_user", FromKernel, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::nofault::copy_to_user(destination(c.addr), c.kernel.as_ptr(), c.len) };
        copied(c, outcome, Write)
    }),
    reads("raw::copy_in_user", ToOther, |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_in_user(destination(c.other), source(c.addr), c.len) };
        copied(c, outcome, Read)
    }),
    writes("raw::copy_in_user", FromOther, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::copy_in_user(destination(c.addr), source(c.other), c.len) };
        copied(c, outcome, Write)
    }),
    reads("raw::move_in_user", ToOther, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::move_in_user(destination(c.other), source(c.addr), c.len) };
        copied(c, outcome, Read)
    }),
    writes("raw::nofault::move_in_user", FromOther, |c| {
        // SAFETY: as above.
        let outcome = unsafe { raw::nofault::move_in_user(c.addr, c.other, c.len) };
        copied(c, outcome, Write)
    }),
    writes("raw::fill_user", Fill(BYTE), |c| {
        let Some(start) = NonNull::new(destination(c.addr)) else { return missing(c) };
        // SAFETY: as above.
        let outcome = unsafe { raw::fill_user(start, BYTE, c.len) };
        copied(c, outcome, Write)
    }),
];

/// A null pointer is no `NonNull`: the same with the pointer that may be.
fn missing(c: &Call<'_>) -> Answer {
    // SAFETY: (1) nothing is there.
    let outcome = unsafe { raw::fill_user(destination(c.addr), BYTE, c.len) };
    copied(c, outcome, Write)
}

fn source(addr: usize) -> *const u8 {
    ptr::with_exposed_provenance(addr)
}

fn destination(addr: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(addr)
}

fn loaded<const N: usize>(c: &Call<'_>, result: Result<[u8; N], Outcome>) -> Answer {
    match result {
        Ok(value) if value == c.there => Answer::Success,
        Ok(_) => Answer::Other("other bytes than are there"),
        Err(outcome) => stopped(c, outcome, Read),
    }
}

fn stored(c: &Call<'_>, result: Result<(), Outcome>) -> Answer {
    result.map_or_else(|outcome| stopped(c, outcome, Write), |()| Answer::Success)
}

fn copied(c: &Call<'_>, outcome: Outcome, side: Access) -> Answer {
    if outcome.left() == 0 { Answer::Success } else { stopped(c, outcome, side) }
}

fn stopped(c: &Call<'_>, outcome: Outcome, side: Access) -> Answer {
    assert!(1 <= outcome.left() && outcome.left() <= c.len);
    let access = outcome.access().unwrap_or(side);
    Answer::Fault(Fault::new(c.addr, c.len - outcome.left(), access, outcome.kind()))
}
