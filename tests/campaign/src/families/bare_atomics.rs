// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomic loads and stores without any check: of all sizes that there are, in all orderings.

use alloc::format;
use core::{
    fmt::Debug,
    ptr,
    sync::atomic::Ordering::{AcqRel, Acquire, Release},
};

use axptr::{
    Access::{Read, Write},
    AnyBitPattern, NoUninit, raw,
};

use super::{
    Family, Outcome,
    atomics::{ORDERS, fault, refusal},
    values::{draw, same},
};
use crate::{
    judge::Side,
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

macro_rules! of_each {
    ($($type:ty)+) => {
        &[$(
            (concat!("raw::atomic_load of ", stringify!($type)), load::<$type> as fn(&mut World<'_>) -> Outcome),
            (concat!("raw::atomic_store of ", stringify!($type)), store::<$type>),
        )+]
    };
}

// Not only numbers: an array has their sizes, too.
pub(super) const ALL: &[Family] = of_each! { u8 u16 u32 u64 [u8; 4] };

/// Most of them aligned: the others are refused before any access.
fn place<T>(w: &mut World<'_>) -> (Place, Pager) {
    let align = if w.rng.one_in(16) { 1 } else { size_of::<T>() };
    (w.place(size_of::<T>(), align), w.rng.pick(&[Asked, NotAsked]))
}

fn load<T: AnyBitPattern + NoUninit + Debug>(w: &mut World<'_>) -> Outcome {
    let (from, pager) = place::<T>(w);
    let order = w.rng.pick(&ORDERS);
    let there = w.user(from, from.len).to_vec();
    let start = ptr::with_exposed_provenance::<T>(from.addr);
    let answer = match pager {
        // SAFETY: (1) the site's pages; (2) any bytes are a `T`.
        Asked => unsafe { raw::atomic_load(start, order) },
        // SAFETY: (1) the site's pages; (2) any bytes are a `T`.
        NotAsked => unsafe { raw::nofault::atomic_load(start, order) },
    };
    let is_aligned = from.addr.is_multiple_of(from.len);
    if refusal(answer.map(drop), is_aligned, !matches!(order, Release | AcqRel))? {
        w.check(&[from], 0..0)?;
        return Ok(false);
    }
    let done = Side::of(w, from, Read, pager).judge(w, fault(answer.map(drop))?)?;
    if let Ok(value) = answer {
        same(bytemuck::bytes_of(&value), &there).map_err(|why| format!("{why}, {order:?}"))?;
    }
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

fn store<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (to, pager) = place::<T>(w);
    let order = w.rng.pick(&ORDERS);
    let value: T = draw(w);
    let start = ptr::with_exposed_provenance_mut::<T>(to.addr);
    let answer = match pager {
        // SAFETY: (1) the site's pages; (2) all bytes of a `T` are initialised.
        Asked => unsafe { raw::atomic_store(start, value, order) },
        // SAFETY: (1) the site's pages; (2) all bytes of a `T` are initialised.
        NotAsked => unsafe { raw::nofault::atomic_store(start, value, order) },
    };
    let is_aligned = to.addr.is_multiple_of(to.len);
    if refusal(answer, is_aligned, !matches!(order, Acquire | AcqRel))? {
        w.check(&[to], 0..0)?;
        return Ok(false);
    }
    let done = Side::of(w, to, Write, pager).judge(w, fault(answer)?)?;
    w.user_gets(to, &bytemuck::bytes_of(&value)[..done]);
    w.check(&[to], 0..0)?;
    Ok(done < to.len)
}
