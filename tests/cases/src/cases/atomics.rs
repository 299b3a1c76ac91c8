// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomic operations, one at a time; what happens between threads is the races' business.

use alloc::{format, string::String};
use core::fmt::{Debug, LowerHex};

use axptr::{
    Access, Context, FaultKind, UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    futex::{FutexError, FutexOp},
    user_limit,
};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{absence, fault, write_protection},
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, ReadOnly, Unmapped};

/// An operation that returns the value before, and what it leaves.
type Rmw<T, C> = (&'static str, fn(UserAtomic<T, C>, T) -> Result<T, AtomicError>, fn(T, T) -> T);

/// What a value of a type is tried with.
trait Sample: AtomicValue + LowerHex + Debug {
    const SAMPLES: &'static [Self];

    fn rmws<C: Context>() -> [Rmw<Self, C>; 6];
}

macro_rules! impl_sample {
    ($($integer:ty)+) => {$(
        impl Sample for $integer {
            const SAMPLES: &'static [Self] = &[
                0, 1, 2, 0x55, <$integer>::MAX, <$integer>::MIN, <$integer>::MAX / 2,
                <$integer>::MAX / 2 + 1, !0, !1,
            ];

            fn rmws<C: Context>() -> [Rmw<Self, C>; 6] {
                [
                    ("swap", UserAtomic::swap, |_, new| new),
                    ("add", UserAtomic::fetch_add, Self::wrapping_add),
                    ("and", UserAtomic::fetch_and, |value, operand| value & operand),
                    ("and-not", UserAtomic::fetch_and_not, |value, operand| value & !operand),
                    ("or", UserAtomic::fetch_or, |value, operand| value | operand),
                    ("xor", UserAtomic::fetch_xor, |value, operand| value ^ operand),
                ]
            }
        }
    )+};
}

impl_sample!(u8 i8 u16 i16 u32 i32 u64 i64);

/// Every operation with every pair of values, with nothing around the value changed.
fn values_of<T: Sample, C: Context>(
    area: &Area,
    atomic: UserAtomic<T, C>,
    offset: usize,
) -> Result<(), String> {
    let size = size_of::<T>();
    let what = |name: &str, a: T, b: T| format!("{name} of {a:#x} and {b:#x}, {size} bytes at {offset}");
    for &a in T::SAMPLES {
        for &b in T::SAMPLES {
            for (name, rmw, model) in T::rmws::<C>() {
                let told = (atomic.store(a), rmw(atomic, b), atomic.load());
                ensure!(told == (Ok(()), Ok(a), Ok(model(a, b))), "{}: {told:x?}", what(name, a, b));
            }
            // The third is neither, so that a wrong exchange shows.
            for &there in [a, b, T::SAMPLES[0], T::SAMPLES[1], T::SAMPLES[2]].iter() {
                let told = (atomic.store(there), atomic.compare_exchange(a, b), atomic.load());
                let expected = if there == a { (Ok(a), b) } else { (Err(there), there) };
                ensure!(
                    told == (Ok(()), Ok(expected.0), Ok(expected.1)),
                    "{}: {told:x?}",
                    what("exchange", a, b)
                );
            }
        }
    }
    let wrong =
        area.first_wrong(offset - 16..offset).or_else(|| area.first_wrong(offset + size..offset + size + 16));
    ensure!(wrong.is_none(), "{size} bytes at {offset}: byte {wrong:?} was written");
    Ok(())
}

pub(crate) fn values(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[Good; 2], Content::Source);
    let traps = site.traps();
    macro_rules! all {
        ($($integer:ty)+) => {$(
            for place in 0..16 / size_of::<$integer>() {
                let offset = PAGE + place * size_of::<$integer>() - 8;
                let ptr = UserPtr::<$integer>::from(area.at(offset));
                values_of(&area, ptr.atomic(), offset)?;
                values_of(&area, ptr.nofault().atomic(), offset)?;
                area.restore(offset..offset + size_of::<$integer>());
            }
        )+};
    }
    all!(u8 i8 u16 i16 u32 i32 u64 i64);
    ensure!(site.traps() == traps, "{} traps", site.traps() - traps);
    Ok(())
}

/// Why each operation fails, if it does: those that only read, that only write, that do both.
fn errors<T: Sample, C: Context>(ptr: UserPtr<T, C>) -> [Option<AtomicError>; 9] {
    let (atomic, value) = (ptr.atomic(), T::SAMPLES[3]);
    let [a, b, c, d, e, f] = T::rmws::<C>().map(|(_, rmw, _)| rmw(atomic, value).err());
    [
        atomic.load().err(),
        atomic.store(value).err(),
        atomic.compare_exchange(value, value).err(),
        a,
        b,
        c,
        d,
        e,
        f,
    ]
}

pub(crate) fn misaligned(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    let traps = site.traps();
    macro_rules! all {
        ($($integer:ty)+) => {$(
            for shift in 1..size_of::<$integer>() {
                let last = area.at(PAGE) - size_of::<$integer>();
                for base in [area.at(64), last, area.at(PAGE), 0, user_limit()] {
                    let told = errors(UserPtr::<$integer>::from(base + shift));
                    ensure!(told == [Some(AtomicError::Misaligned); 9], "{base:#x} + {shift}: {told:x?}");
                }
            }
        )+};
    }
    all!(u16 i16 u32 i32 u64 i64);
    ensure!(site.traps() == traps && area.first_wrong(0..PAGE).is_none(), "something was accessed");
    Ok(())
}

pub(crate) fn faults(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped, ReadOnly], Content::Source);
    macro_rules! all {
        ($($integer:ty)+) => {$(
            let (size, absent) = (size_of::<$integer>(), area.at(PAGE));
            // The last value of a page is there.
            let told = errors(UserPtr::<$integer>::from(absent - size));
            ensure!(told == [None; 9], "{size} bytes in front of the edge: {told:x?}");
            for addr in [absent, absent + 64, absent + PAGE - size] {
                let traps = site.traps();
                let ptr = UserPtr::<$integer>::from(addr);
                for told in [errors(ptr), errors(ptr.nofault())] {
                    for (index, told) in told.into_iter().enumerate() {
                        let Some(AtomicError::Fault(told)) = told else {
                            return Err(format!("operation {index} on {size} absent bytes: {told:x?}"));
                        };
                        let right = (told.done, told.addr, told.kind) == (0, addr, absence(site));
                        let access = match index {
                            0 => told.access == Access::Read,
                            1 => told.access == Access::Write,
                            // What reads and writes may fail with either.
                            _ => true,
                        };
                        ensure!(right && access, "operation {index} on {size} absent bytes: {told:x?}");
                    }
                }
                ensure!(site.traps() - traps == 18, "{} traps", site.traps() - traps);
            }
            let addr = area.at(2 * PAGE + 64);
            let expected = fault(addr, 0, Access::Write, write_protection(site));
            let [load, others @ ..] = errors(UserPtr::<$integer>::from(addr));
            let refused = others == [Some(AtomicError::Fault(expected)); 8];
            ensure!(load.is_none() && refused, "{size} bytes, read-only: {load:x?}, {others:x?}");
        )+};
    }
    all!(u8 u16 u32 u64);
    for addr in [user_limit(), usize::MAX - 7] {
        let traps = site.traps();
        let told = errors(UserPtr::<u64>::from(addr));
        let refused = |error: &Option<AtomicError>| match error {
            Some(AtomicError::Fault(fault)) => fault.kind == FaultKind::OutOfRange,
            _ => false,
        };
        ensure!(told.iter().all(refused) && site.traps() == traps, "{addr:#x}: {told:x?}");
    }
    Ok(())
}

pub(crate) fn futex(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    let word = UserPtr::<u32>::from(area.at(64)).nofault().atomic();
    let actions: [fn(u32, u32) -> u32; 5] = [
        |_, operand| operand,
        u32::wrapping_add,
        |value, operand| value | operand,
        |value, operand| value & !operand,
        |value, operand| value ^ operand,
    ];
    let comparisons: [fn(&i32, &i32) -> bool; 6] =
        [i32::eq, i32::ne, |a, b| a < b, |a, b| a <= b, |a, b| a > b, |a, b| a >= b];
    for (code, action) in (0_u32..).zip(actions) {
        for (compare, holds) in (0_u32..).zip(comparisons) {
            for (argument, operand) in
                [(0, 0), (5, 5), (0x7ff, 0x7ff), (0x800, -0x800_i32 as u32), (0xfff, u32::MAX)]
            {
                for (field, reference) in [(0, 0), (1, 1), (0x7ff, 0x7ff), (0x800, -0x800), (0xfff, -1)] {
                    for before in [0, 1, 0x7ff, 0x8000_0000, 0xffff_f800, u32::MAX] {
                        let encoded = code << 28 | compare << 24 | argument << 12 | field;
                        let op = FutexOp::decode(encoded).ok_or("known")?;
                        let told = (word.store(before), op.apply(word), word.load());
                        let expected = (holds(&(before as i32), &reference), action(before, operand));
                        let right = told == (Ok(()), Ok(expected.0), Ok(expected.1));
                        ensure!(right, "{encoded:#x} on {before:#x}: {told:x?}, expected {expected:x?}");
                    }
                }
            }
            // An operand that is a bit's number.
            for number in [0, 1, 31, 32 + 4, 0xfff] {
                let op =
                    FutexOp::decode(8 << 28 | code << 28 | compare << 24 | number << 12).ok_or("known")?;
                let told = (word.store(0xf0), op.apply(word), word.load());
                let expected = action(0xf0, 1 << (number & 31));
                ensure!(told.2 == Ok(expected), "bit {number}, {op:?}: {told:x?}");
            }
        }
    }
    for unknown in [5 << 28, 6 << 28, 7 << 28] {
        ensure!(FutexOp::decode(unknown).is_none(), "{unknown:#x} is none");
    }
    let op = FutexOp::decode(1 << 28).ok_or("known")?;
    let told = op.apply(UserPtr::<u32>::from(area.at(PAGE)).nofault().atomic());
    let absent =
        matches!(told, Err(FutexError::Atomic(AtomicError::Fault(fault))) if fault.addr == area.at(PAGE));
    ensure!(absent, "{told:x?}");
    // A comparison that does not exist is found when the word has been changed (`tests/linux.rs` asks Linux).
    for comparison in 6..16 {
        let op = FutexOp::decode(1 << 28 | comparison << 24 | 3 << 12).ok_or("the action exists")?;
        let told = (word.store(5), op.apply(word), word.load());
        let expected = (Ok(()), Err(FutexError::UnknownComparison), Ok(8));
        ensure!(told == expected, "comparison {comparison}: {told:x?}");
    }
    Ok(())
}
