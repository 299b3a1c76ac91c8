// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several accesses in one window, and chunks.

use alloc::{format, vec::Vec};
use core::{num::NonZeroUsize, ops::ControlFlow};

use axptr::{
    Access::{Read, Write},
    Context, Fault, UserConstPtr, UserPtr, bulk, scope,
};

use super::{
    Family, Outcome,
    values::{draw, same},
};
use crate::{
    judge::Side,
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] = &[
    ("scope::run", scoped),
    ("scope::run of many", many),
    ("bulk::copy_from_user_chunked", |w| chunked(w, true)),
    ("bulk::copy_to_user_chunked", |w| chunked(w, false)),
];

/// Two reads with a write between them, at any alignment, and of the same bytes at times.
fn scoped(w: &mut World<'_>) -> Outcome {
    let first = w.place(4, 1);
    let second = if w.rng.one_in(4) { Place { len: 8, ..w.place(8, 1) } } else { w.place(8, 8) };
    let third = if w.rng.one_in(3) { Place { len: 2, ..second } } else { w.place(2, 1) };
    let value: u64 = draw(w);
    let answer = scope::run((
        UserConstPtr::<u32>::from(first.addr).reading(),
        UserPtr::<u64>::from(second.addr).writing(value),
        UserPtr::<[u8; 2]>::from(third.addr).reading(),
    ));
    let before = w.user(first, 4).to_vec();
    let outcome = 'all: {
        let fault = answer.map(drop);
        let side = Side::of(w, first, Read, Asked);
        if side.bad.is_some() {
            side.judge(w, fault)?;
            break 'all true;
        }
        let side = Side::of(w, second, Write, Asked);
        if side.bad.is_some() {
            let done = side.judge(w, fault)?;
            w.user_gets(second, &value.to_ne_bytes()[..done]);
            break 'all true;
        }
        w.user_gets(second, &value.to_ne_bytes());
        let side = Side::of(w, third, Read, Asked);
        side.judge(w, fault)?;
        side.bad.is_some()
    };
    if let Ok((found, (), last)) = answer {
        same(&found.to_ne_bytes(), &before)?;
        same(&last, w.user(third, 2))?;
    }
    w.check(&[first, second, third], 0..0)?;
    Ok(outcome)
}

/// Out of line: the audit follows the window, and not through all that comes behind it.
#[inline(never)]
fn run<C: Context>(batch: &[scope::Write<u32, C>]) -> Result<(), Fault> {
    scope::run(batch)
}

/// A slice of writes: those in front of the one that fails are done.
fn many(w: &mut World<'_>) -> Outcome {
    let places: Vec<Place> = (0..w.rng.below(12)).map(|_| w.place(4, 1)).collect();
    let values: Vec<u32> = places.iter().map(|_| draw(w)).collect();
    let batch: Vec<_> =
        places.iter().zip(&values).map(|(it, &value)| UserPtr::<u32>::from(it.addr).writing(value)).collect();
    let answer = run(&batch);
    let mut outcome = false;
    for (&place, value) in places.iter().zip(&values) {
        let side = Side::of(w, place, Write, Asked);
        let done = if side.bad.is_some() { side.judge(w, answer)? } else { 4 };
        w.user_gets(place, &value.to_ne_bytes()[..done]);
        if side.bad.is_some() {
            outcome = true;
            break;
        }
    }
    if !outcome && answer.is_err() {
        return Err(format!("{answer:x?} for {places:x?}"));
    }
    w.check(&places, 0..0)?;
    Ok(outcome)
}

/// Up to where the caller breaks, at times.
fn chunked(w: &mut World<'_>, reads: bool) -> Outcome {
    let place = w.any_place();
    let at = w.kernel_place(place.len);
    let chunk = w.rng.within(1, 700);
    let most = if w.rng.one_in(3) { w.rng.below(6) } else { usize::MAX };
    let size = NonZeroUsize::new(chunk).unwrap_or(NonZeroUsize::MIN);
    let mut calls = Vec::new();
    let between = |done| {
        calls.push(done);
        if calls.len() > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let answer = if reads {
        bulk::copy_from_user_chunked(w.kernel(at, place.len), place.addr, size, between)
    } else {
        bulk::copy_to_user_chunked(place.addr, w.kernel(at, place.len), size, between)
    };
    // It goes up to here, if nothing is bad.
    let end = place.len.min(most.saturating_add(1).saturating_mul(chunk));
    let part = Place { len: end, ..place };
    let side = Side::of(w, part, if reads { Read } else { Write }, Asked);
    let done = side.judge(w, answer.map(drop))?;
    if answer.is_ok() && answer != Ok(end) {
        return Err(format!("{answer:?}, not {end}"));
    }
    let expected: Vec<usize> =
        (1..).map(|it| it * chunk).take_while(|&it| it <= done && it < place.len).collect();
    if calls != expected {
        return Err(format!("called behind {calls:?}, not {expected:?}"));
    }
    if reads {
        let bytes = w.user(place, done).to_vec();
        w.kernel_gets(at, &bytes);
    } else {
        let bytes = w.kernel_model(at, done).to_vec();
        w.user_gets(place, &bytes);
    }
    w.check(&[place], at..at + place.len)?;
    Ok(done < end)
}
