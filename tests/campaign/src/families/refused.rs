// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ranges that are not in the user half: refused at once, and nothing is accessed.

use alloc::{format, string::String};

use axptr::{
    Access::{self, Read, Write},
    Fault, FaultKind, UserConstPtr, UserPtr, UserRange,
    atomic::AtomicError,
};

use super::{Family, Outcome};
use crate::world::World;

pub(super) const NAME: &str = "out of the user half";

pub(super) const ALL: &[Family] = &[(NAME, refused)];

/// A range whose last byte, at least, is not in the user half; it may wrap around.
fn draw(w: &mut World<'_>) -> (usize, usize) {
    let limit = axptr::user_limit();
    let near = |w: &mut World<'_>, at: usize| at.wrapping_add(w.rng.below(64)).wrapping_sub(32);
    let start = match w.rng.below(6) {
        0 => near(w, limit),
        1 => usize::MAX - w.rng.below(64),
        2 => limit.wrapping_add(w.rng.next() as usize % (usize::MAX - limit)),
        3 => near(w, 1 << 63),
        4 => near(w, 1 << 47),
        _ => w.rng.below(limit),
    };
    let len = match w.rng.below(4) {
        0 => usize::MAX - w.rng.below(64),
        1 => limit.saturating_sub(start).saturating_add(1 + w.rng.below(64)),
        _ => w.rng.within(1, 200),
    };
    let fits = start.checked_add(len).is_some_and(|end| end <= limit);
    if fits { (limit - len.min(limit) + 1, len) } else { (start, len) }
}

fn refused(w: &mut World<'_>) -> Outcome {
    let (start, len) = draw(w);
    let fault = |access| Fault::new(start, 0, access, FaultKind::OutOfRange);
    let is = |answer: Result<(), Fault>, access: Access| {
        let expected = Err(fault(access));
        if answer == expected { Ok(()) } else { Err(format!("{answer:x?}, not {expected:x?}")) }
    };
    if UserRange::new(start, len).is_some() {
        return Err(format!("{start:#x} with {len:#x} bytes is no range of the user half"));
    }
    is(axptr::fill_user(start, 1, len), Write)?;
    is(axptr::copy_in_user(start, start, len), Read)
        .or_else(|_| is(axptr::copy_in_user(start, start, len), Write))?;
    is(UserPtr::<u8>::from(start).slice(len).map(drop), Write)?;
    is(UserConstPtr::<u8>::from(start).slice(len).map(drop), Read)?;
    if len <= 200 {
        let at = w.kernel_place(len);
        is(axptr::copy_from_user(w.kernel(at, len), start), Read)?;
        is(axptr::copy_to_user(start, w.kernel(at, len)), Write)?;
        is(axptr::compare_user(start, w.kernel(at, len)).map(drop), Read)?;
    }
    values(start).map_err(|why| format!("{why} at {start:#x}"))?;
    w.check(&[], 0..0)?;
    Ok(false)
}

/// Where not even one byte is in the user half.
fn values(start: usize) -> Result<(), String> {
    if start < axptr::user_limit() {
        return Ok(());
    }
    let is = |answer: Option<Fault>, access| {
        let expected = Fault::new(start, 0, access, FaultKind::OutOfRange);
        if answer == Some(expected) { Ok(()) } else { Err(format!("{answer:x?}, not {expected:x?}")) }
    };
    is(UserConstPtr::<u8>::from(start).read().err(), Read)?;
    is(UserConstPtr::<u64>::from(start).read().err(), Read)?;
    is(UserPtr::<[u64; 9]>::from(start).write([0; 9]).err(), Write)?;
    let atomic = UserPtr::<u8>::from(start).atomic();
    match (atomic.load(), atomic.fetch_add(1)) {
        (Err(AtomicError::Fault(load)), Err(AtomicError::Fault(change))) => {
            is(Some(load), Read)?;
            is(Some(change), Write)
        }
        other => Err(format!("{other:?}")),
    }
}
