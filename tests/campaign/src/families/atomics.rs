// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics of all sizes, operations and orderings, and the futex operations on them.

use alloc::{format, string::String};
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use axptr::{
    Access::{Read, Write},
    Context, Fault, UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    futex::{FutexError, FutexOp},
};

use super::{Family, Outcome, values::draw};
use crate::{
    judge::Side,
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

pub(super) const ALL: &[Family] = &[
    ("atomic u8", any::<u8>),
    ("atomic u16", any::<u16>),
    ("atomic u32", any::<u32>),
    ("atomic u64", any::<u64>),
    ("futex", futex),
];

/// What the model computes with.
trait Number: AtomicValue + core::fmt::Debug {
    fn to_wide(self) -> u64;
    fn of_wide(wide: u64) -> Self;
}

macro_rules! impl_number {
    ($($integer:ty)+) => {$(
        impl Number for $integer {
            fn to_wide(self) -> u64 {
                u64::from(self)
            }

            fn of_wide(wide: u64) -> Self {
                wide as Self
            }
        }
    )+};
}
impl_number!(u8 u16 u32 u64);

pub(super) const ORDERS: [Ordering; 5] = [Relaxed, Acquire, Release, AcqRel, SeqCst];

fn any<T: Number>(w: &mut World<'_>) -> Outcome {
    let align = if w.rng.one_in(16) { 1 } else { size_of::<T>() };
    let place = w.place(size_of::<T>(), align);
    // What changes a word has the kernel's rights on some machines.
    if w.has_private_page(place) {
        return Ok(false);
    }
    let atomic = UserPtr::<T>::from(place.addr).atomic();
    if w.rng.one_in(3) {
        let atomic = UserPtr::<T>::from(place.addr).nofault().atomic();
        return on(w, place, atomic, NotAsked);
    }
    on(w, place, atomic, Asked)
}

/// What an operation does, besides reading: nothing, writing, or both at once.
#[derive(Clone, Copy)]
enum Does {
    Load,
    Store,
    Change,
}

fn on<T: Number, C: Context>(
    w: &mut World<'_>,
    place: Place,
    atomic: UserAtomic<T, C>,
    pager: Pager,
) -> Outcome {
    let there: T = bytemuck::pod_read_unaligned(w.user(place, place.len));
    let (order, failure) = (w.rng.pick(&ORDERS), w.rng.pick(&ORDERS));
    let operand: T = draw(w);
    let expected = if w.rng.below(2) == 0 { there } else { draw(w) };
    let (old, given) = (there.to_wide(), operand.to_wide());
    // What it answers, what is there afterwards, and whether the ordering is one of the operation's.
    let mut tries = 0;
    let which = w.rng.below(10);
    let (does, answer, new, allowed) = loop {
        let (does, answer, new, allowed) = match which {
            0 => (Does::Load, atomic.load_with(order), old, !matches!(order, Release | AcqRel)),
            1 => (
                Does::Store,
                atomic.store_with(operand, order).map(|()| there),
                given,
                !matches!(order, Acquire | AcqRel),
            ),
            2 => (Does::Change, atomic.swap_with(operand, order), given, true),
            3 => (Does::Change, atomic.fetch_add_with(operand, order), old.wrapping_add(given), true),
            4 => (Does::Change, atomic.fetch_and_with(operand, order), old & given, true),
            5 => (Does::Change, atomic.fetch_or_with(operand, order), old | given, true),
            6 => (Does::Change, atomic.fetch_xor_with(operand, order), old ^ given, true),
            7 => (Does::Change, atomic.fetch_and_not_with(operand, order), old & !given, true),
            8 => (Does::Change, atomic.fetch_add(operand), old.wrapping_add(given), true),
            _ => {
                let answer = atomic.compare_exchange_with(expected, operand, order, failure);
                let swaps = expected == there;
                let answer = answer.map(|inner| match inner {
                    Ok(found) if swaps => found,
                    Err(found) if !swaps => found,
                    // No value that is right.
                    Ok(_) | Err(_) => T::of_wide(!old),
                });
                (Does::Change, answer, if swaps { given } else { old }, !matches!(failure, Release | AcqRel))
            }
        };
        tries += 1;
        // "A caller that holds no lock may try again."
        if !matches!(answer, Err(AtomicError::Retry)) || tries == 1000 {
            break (does, answer, new, allowed);
        }
    };
    let is_aligned = place.addr.is_multiple_of(size_of::<T>());
    let refused = refusal(answer.map(drop), is_aligned, allowed)?;
    if refused {
        w.check(&[place], 0..0)?;
        return Ok(false);
    }
    let done = match does {
        Does::Load => Side::of(w, place, Read, pager).judge(w, fault(answer.map(drop))?)?,
        Does::Store => Side::of(w, place, Write, pager).judge(w, fault(answer.map(drop))?)?,
        Does::Change => change(w, place, fault(answer.map(drop))?, pager)?,
    };
    if done == place.len {
        if answer != Ok(there) {
            return Err(format!("{answer:?}, while {there:?} is there"));
        }
        w.user_gets(place, bytemuck::bytes_of(&T::of_wide(new)));
    }
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}

/// Whether it was refused before any access, and rightly.
pub(super) fn refusal(
    answer: Result<(), AtomicError>,
    is_aligned: bool,
    allowed: bool,
) -> Result<bool, String> {
    match answer {
        // Both may be wrong, and either may be said.
        Err(AtomicError::Misaligned) if !is_aligned => Ok(true),
        Err(AtomicError::Ordering) if !allowed => Ok(true),
        Err(AtomicError::Misaligned | AtomicError::Ordering | AtomicError::Retry) => {
            Err(format!("{answer:?}"))
        }
        _ if is_aligned && allowed => Ok(false),
        _ => Err(format!("{answer:?} for what is misaligned, or has no such ordering")),
    }
}

pub(super) fn fault(answer: Result<(), AtomicError>) -> Result<Result<(), Fault>, String> {
    match answer {
        Ok(()) => Ok(Ok(())),
        Err(AtomicError::Fault(fault)) => Ok(Err(fault)),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// What reads and writes may be told as either, where neither is permitted.
fn change(w: &World<'_>, place: Place, answer: Result<(), Fault>, pager: Pager) -> Result<usize, String> {
    let (read, write) = (Side::of(w, place, Read, pager), Side::of(w, place, Write, pager));
    match answer {
        Err(fault) if fault.access == Read && read.bad.is_some() => read.judge(w, answer),
        _ => write.judge(w, answer),
    }
}

/// FUTEX_WAKE_OP's operation, as futex(2) describes it.
fn futex(w: &mut World<'_>) -> Outcome {
    let place = w.place(4, 4);
    if w.has_private_page(place) {
        return Ok(false);
    }
    let code = w.rng.next() as u32;
    let old = u32::from_ne_bytes(w.user(place, 4).try_into().unwrap_or_default());
    let sign = |bits: u32| ((bits & 0xfff) as i32) << 20 >> 20;
    let (shift, kind) = (code >> 31 == 1, code >> 28 & 7);
    let (argument, reference) = (sign(code >> 12), sign(code));
    let operand = if shift { 1_u32 << (argument & 31) } else { argument as u32 };
    let new = match kind {
        0 => operand,
        1 => old.wrapping_add(operand),
        2 => old | operand,
        3 => old & !operand,
        4 => old ^ operand,
        _ => {
            let decoded = FutexOp::decode(code);
            return if decoded.is_none() { Ok(false) } else { Err(format!("{code:#x} is {decoded:?}")) };
        }
    };
    let signed = old as i32;
    let holds = match code >> 24 & 15 {
        0 => Some(signed == reference),
        1 => Some(signed != reference),
        2 => Some(signed < reference),
        3 => Some(signed <= reference),
        4 => Some(signed > reference),
        5 => Some(signed >= reference),
        _ => None,
    };
    let operation = FutexOp::decode(code).ok_or_else(|| format!("{code:#x} is an operation"))?;
    let mut answer = operation.apply(UserPtr::<u32>::from(place.addr).atomic());
    for _ in 0..1000 {
        if answer != Err(FutexError::Atomic(AtomicError::Retry)) {
            break;
        }
        answer = operation.apply(UserPtr::<u32>::from(place.addr).atomic());
    }
    let done = match answer {
        Err(FutexError::Atomic(error)) => change(w, place, fault(Err(error))?, Asked)?,
        _ => change(w, place, Ok(()), Asked)?,
    };
    if done == 4 {
        if answer != holds.ok_or(FutexError::UnknownComparison) {
            return Err(format!("{answer:?} for {code:#x} and {old:#x}"));
        }
        w.user_gets(place, &new.to_ne_bytes());
    }
    w.check(&[place], 0..0)?;
    Ok(done < 4)
}
