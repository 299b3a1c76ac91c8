// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of all sizes and kinds: one instruction, a few, or the routine.

use alloc::{format, string::String, vec};
use core::{
    fmt::Debug,
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use axptr::{
    Access::{Read, Write},
    AnyBitPattern, Fault, NoUninit, UserConstPtr, UserPtr, raw,
};

use super::{Family, Outcome};
use crate::{
    judge::{Side, of_outcome},
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

/// A value that is read and written.
trait Value: AnyBitPattern + NoUninit + Debug {}
impl<T: AnyBitPattern + NoUninit + Debug> Value for T {}

macro_rules! of_each {
    ($($type:ty)+) => {
        &[$(
            (concat!("read of ", stringify!($type)), any_read::<$type> as fn(&mut World<'_>) -> Outcome),
            (concat!("write of ", stringify!($type)), any_write::<$type>),
        )+]
    };
}

pub(super) const ALL: &[Family] = of_each! {
    u8 u16 u32 u64 u128 [u8; 3] [u8; 5] [u16; 3] [u8; 7] [u8; 9] [u32; 3] [u8; 15] [u64; 3] [u8; 24] [u64; 4]
    [u8; 64] [u64; 8] [u64; 9] [u64; 16] [u64; 64]
};

/// One of the ways to read a value.
fn any_read<T: Value>(w: &mut World<'_>) -> Outcome {
    match w.rng.below(8) {
        0 | 1 => read(w, Asked, |from| UserConstPtr::<T>::from(from.addr).read()),
        2 => read(w, NotAsked, |from| UserPtr::<T>::from(from.addr).nofault().read()),
        3 => read_into(w, Asked, |from, value: &mut T| UserPtr::<T>::from(from.addr).read_into(value)),
        4 => read_into(w, NotAsked, |from, value: &mut T| {
            UserConstPtr::<T>::from(from.addr).nofault().read_into(value)
        }),
        5 => read_into(w, Asked, |from, value: &mut T| {
            let room = NonNull::from(value).cast::<MaybeUninit<T>>();
            // SAFETY: the same value, borrowed until the call ends; any bytes are a `T`.
            UserConstPtr::<T>::from(from.addr).read_uninit(unsafe { &mut *room.as_ptr() })
        }),
        6 => read(w, Asked, |from| {
            // SAFETY: (1) the site's pages; (2) any bytes are a `T`.
            let loaded = unsafe { raw::load::<T>(ptr::with_exposed_provenance(from.addr)) };
            loaded.map_err(|outcome| fault(from, outcome, Read))
        }),
        _ => read(w, NotAsked, |from| {
            // SAFETY: (1) the site's pages; (2) any bytes are a `T`.
            let loaded = unsafe { raw::nofault::load::<T>(ptr::with_exposed_provenance(from.addr)) };
            loaded.map_err(|outcome| fault(from, outcome, Read))
        }),
    }
}

/// One of the ways to write a value.
fn any_write<T: Value>(w: &mut World<'_>) -> Outcome {
    match w.rng.below(5) {
        0 | 1 => write(w, Asked, |to, value: T| UserPtr::<T>::from(to.addr).write(value)),
        2 => write(w, NotAsked, |to, value: T| UserPtr::<T>::from(to.addr).nofault().write(value)),
        3 => write(w, Asked, |to, value: T| {
            // SAFETY: (1) the site's pages.
            let stored = unsafe { raw::store(ptr::with_exposed_provenance_mut::<T>(to.addr), value) };
            stored.map_err(|outcome| fault(to, outcome, Write))
        }),
        _ => write(w, NotAsked, |to, value: T| {
            // SAFETY: (1) the site's pages.
            let stored =
                unsafe { raw::nofault::store(ptr::with_exposed_provenance_mut::<T>(to.addr), value) };
            stored.map_err(|outcome| fault(to, outcome, Write))
        }),
    }
}

fn fault(place: Place, outcome: raw::Outcome, side: axptr::Access) -> Fault {
    // A success is no error: 0 left becomes a fault that no side explains.
    of_outcome(place, outcome, side)
        .err()
        .unwrap_or_else(|| Fault::new(place.addr, place.len, side, outcome.kind()))
}

/// Any alignment; often its own, which is another way to store it.
pub(super) fn place_of<T>(w: &mut World<'_>) -> Place {
    let align = if w.rng.one_in(3) { size_of::<T>().next_power_of_two().min(8) } else { 1 };
    w.place(size_of::<T>(), align)
}

fn read<T: Value>(w: &mut World<'_>, pager: Pager, run: impl FnOnce(Place) -> Result<T, Fault>) -> Outcome {
    let from = place_of::<T>(w);
    let side = Side::of(w, from, Read, pager);
    let answer = run(from);
    let done = side.judge(w, answer.map(drop))?;
    if let Ok(value) = answer {
        same(bytemuck::bytes_of(&value), w.user(from, from.len))?;
    }
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

fn read_into<T: Value>(
    w: &mut World<'_>,
    pager: Pager,
    run: impl FnOnce(Place, &mut T) -> Result<(), Fault>,
) -> Outcome {
    let from = place_of::<T>(w);
    let side = Side::of(w, from, Read, pager);
    let before = draw::<T>(w);
    let mut value = before;
    let answer = run(from, &mut value);
    let done = side.judge(w, answer)?;
    let mut expected = bytemuck::bytes_of(&before).to_vec();
    expected[..done].copy_from_slice(w.user(from, done));
    same(bytemuck::bytes_of(&value), &expected)?;
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

fn write<T: Value>(
    w: &mut World<'_>,
    pager: Pager,
    run: impl FnOnce(Place, T) -> Result<(), Fault>,
) -> Outcome {
    let to = place_of::<T>(w);
    let side = Side::of(w, to, Write, pager);
    let value = draw::<T>(w);
    let answer = run(to, value);
    let done = side.judge(w, answer)?;
    w.user_gets(to, &bytemuck::bytes_of(&value)[..done]);
    w.check(&[to], 0..0)?;
    Ok(done < to.len)
}

/// A value of random bytes.
pub(super) fn draw<T: AnyBitPattern>(w: &mut World<'_>) -> T {
    let bytes: vec::Vec<u8> = (0..size_of::<T>()).map(|_| w.rng.byte()).collect();
    bytemuck::pod_read_unaligned(&bytes)
}

pub(super) fn same(found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found:02x?}, not {expected:02x?}")) }
}
