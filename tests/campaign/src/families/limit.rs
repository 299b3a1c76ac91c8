// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last bytes of the user half: they are accepted, and it is the access that finds nothing there.

use alloc::{format, string::String, vec};

use axptr::{
    Access::{self, Read, Write},
    Fault, FaultKind, UserConstPtr, UserPtr, UserRange,
    atomic::AtomicError,
    cstr::StringError,
    nofault, scope,
};

use super::{Family, Outcome};
use crate::{
    judge::Side,
    world::{Place, World},
};

/// What is not refused where somebody has memory there.
pub(super) const NAMES: [&str; 2] = ["ranges that end at the limit", "values that end at the limit"];

pub(super) const ALL: &[Family] = &[(NAMES[0], ranges), (NAMES[1], values)];

/// The last so many bytes below the limit. No page of the world is there.
fn last(len: usize) -> Place {
    Place { offset: 0, addr: axptr::user_limit() - len, len }
}

/// Nothing is done of what ends at the limit, because its first byte is not there. Of no bytes, all is done.
fn absent(
    w: &World<'_>,
    place: Place,
    kinds: [FaultKind; 2],
    access: Access,
    answer: Result<(), Fault>,
) -> Result<(), String> {
    let of = |kind| Side { place, access, bad: (place.len > 0).then_some((0, kind)) };
    of(kinds[0]).judge(w, answer).or_else(|why| of(kinds[1]).judge(w, answer).map_err(|_| why)).map(drop)
}

fn ranges(w: &mut World<'_>) -> Outcome {
    let len = if w.rng.one_in(4) { w.rng.below(4096) } else { w.rng.below(40) };
    let place = last(len);
    match UserRange::new(place.addr, len) {
        Some(range) if (range.start(), range.len()) == (place.addr, len) => {}
        other => return Err(format!("{other:x?} for {place:x?}, which ends at the limit")),
    }
    let slice = UserPtr::<u8>::from(place.addr).slice(len).map_err(|why| format!("{why:x?}"))?;
    let only = UserConstPtr::<u8>::from(place.addr).slice(len).map_err(|why| format!("{why:x?}"))?;
    // As many elements as fit, up to the last byte.
    let wide = last(len / 8 * 8);
    UserPtr::<u64>::from(wide.addr).slice(len / 8).map_err(|why| format!("{why:x?}"))?;
    // Without randomisation, a process's stack is there: nobody should write to it.
    let Some(kinds) = w.below_limit() else { return Ok(false) };
    let mut buf = vec![1; len];
    let addr = place.addr;
    absent(w, place, kinds, Read, axptr::copy_from_user(&mut buf, addr))?;
    absent(w, place, kinds, Read, nofault::copy_from_user(&mut buf, addr))?;
    absent(w, place, kinds, Read, axptr::compare_user(addr, &buf).map(drop))?;
    absent(w, place, kinds, Read, only.read_into(&mut buf).map(drop))?;
    absent(w, place, kinds, Write, axptr::copy_to_user(addr, &buf))?;
    absent(w, place, kinds, Write, axptr::fill_user(addr, 7, len))?;
    absent(w, place, kinds, Write, slice.write_from(&buf).map(drop))?;
    string(w, place, kinds)?;
    if buf.iter().any(|&byte| byte != 1) {
        return Err("a byte came from where nothing is".into());
    }
    w.check(&[], 0..0)?;
    Ok(len > 0)
}

/// A string may have a limit behind that of the user half.
fn string(w: &mut World<'_>, place: Place, kinds: [FaultKind; 2]) -> Result<(), String> {
    let most = place.len + w.rng.below(50);
    match UserConstPtr::<u8>::from(place.addr).as_cstr().len(most) {
        Err(StringError::TooLong) if most == 0 => Ok(()),
        Err(StringError::Fault(fault)) if place.len > 0 => absent(w, place, kinds, Read, Err(fault)),
        // Not even one byte is in the user half.
        Err(StringError::Fault(fault))
            if fault == Fault::new(place.addr, 0, Read, FaultKind::OutOfRange) && place.len == 0 =>
        {
            Ok(())
        }
        other => Err(format!("{other:x?} for a string of {most} bytes at {place:x?}")),
    }
}

fn values(w: &mut World<'_>) -> Outcome {
    let Some(kinds) = w.below_limit() else { return Ok(false) };
    let (byte, word, long) = (last(1), last(8), last(72));
    absent(w, byte, kinds, Read, UserConstPtr::<u8>::from(byte.addr).read().map(drop))?;
    absent(w, byte, kinds, Write, UserPtr::<u8>::from(byte.addr).write(1))?;
    absent(w, word, kinds, Read, UserConstPtr::<u64>::from(word.addr).read().map(drop))?;
    absent(w, word, kinds, Write, UserPtr::<u64>::from(word.addr).nofault().write(1))?;
    absent(w, long, kinds, Read, UserConstPtr::<[u64; 9]>::from(long.addr).read().map(drop))?;
    absent(w, long, kinds, Write, UserPtr::<[u64; 9]>::from(long.addr).write([1; 9]))?;
    let many = scope::run((UserConstPtr::<u64>::from(word.addr).reading(),));
    absent(w, word, kinds, Read, many.map(drop))?;
    let atomic = UserPtr::<u64>::from(word.addr).atomic();
    match (atomic.load(), atomic.store(1), atomic.fetch_add(1)) {
        (Err(AtomicError::Fault(load)), Err(AtomicError::Fault(store)), Err(AtomicError::Fault(change))) => {
            absent(w, word, kinds, Read, Err(load))?;
            absent(w, word, kinds, Write, Err(store))?;
            // What reads and writes may be told as either.
            absent(w, word, kinds, change.access, Err(change))?;
        }
        other => return Err(format!("{other:x?} of atomics at {word:x?}")),
    }
    w.check(&[], 0..0)?;
    Ok(true)
}
