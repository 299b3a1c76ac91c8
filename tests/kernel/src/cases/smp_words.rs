// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several CPUs change the same value at once: nothing is lost. No page is missing: each line of ArceOS crates would show the
//! same.

use alloc::{format, string::String};
use core::{
    fmt::Debug,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use axptr::{
    UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
};

use crate::{
    ensure,
    smp::{self, Barrier},
    space,
};

/// How often each operation is done to a value of each width, by all CPUs together.
const MILLION: usize = 1_000_000;
/// The same of the operations that the other cases do.
const SOME: usize = 400_000;

/// What is counted with.
trait Count: AtomicValue + Debug + Sync {
    const MAX: Self;
    const BITS: u32;

    fn next(self) -> Self;
    fn as_u64(self) -> u64;
}

macro_rules! impl_count {
    ($($integer:ty)+) => {$(
        impl Count for $integer {
            const MAX: Self = Self::MAX;
            const BITS: u32 = Self::BITS;

            fn next(self) -> Self {
                self.wrapping_add(1)
            }

            fn as_u64(self) -> u64 {
                self.into()
            }
        }
    )+};
}

impl_count!(u8 u16 u32 u64);

/// Tries until others are not in the way.
fn patiently<R>(mut operation: impl FnMut() -> Result<R, AtomicError>) -> Result<R, String> {
    loop {
        match operation() {
            Ok(result) => return Ok(result),
            Err(AtomicError::Retry) => core::hint::spin_loop(),
            Err(error) => return Err(format!("{error:x?}")),
        }
    }
}

/// What this CPU does of `count` operations, by its rank.
fn share(rank: usize, count: usize) -> usize {
    count / smp::count() + usize::from(rank < count % smp::count())
}

/// Adds one, and returns the value before.
type Step<T> = fn(UserAtomic<T>) -> Result<T, String>;

fn by_addition<T: Count + From<u8>>(value: UserAtomic<T>) -> Result<T, String> {
    patiently(|| value.fetch_add(1.into()))
}

fn by_exchange<T: Count>(value: UserAtomic<T>) -> Result<T, String> {
    let mut seen = patiently(|| value.load())?;
    loop {
        match patiently(|| value.compare_exchange(seen, seen.next()))? {
            Ok(before) => return Ok(before),
            Err(found) => seen = found,
        }
    }
}

/// Lets all CPUs add `MILLION` to a value together. It wraps around at least once, and each time exactly one of them
/// is told so: a loss is seen in a byte as well.
fn count_to_a_million<T: Count>(what: &str, addr: usize, from: T, step: Step<T>) -> Result<(), String> {
    let value = UserPtr::<T>::from(addr).atomic();
    patiently(|| value.store(from))?;
    let (wrapped, barrier) = (AtomicU64::new(0), Barrier::new());
    smp::on_all(|rank| {
        barrier.wait()?;
        let mut mine = 0;
        for _ in 0..share(rank, MILLION) {
            mine += u64::from(step(value)? == T::MAX);
        }
        wrapped.fetch_add(mine, Ordering::Relaxed);
        Ok(())
    })?;
    let (wrapped, at) = (wrapped.into_inner(), patiently(|| value.load())?);
    let done = (u128::from(wrapped) << T::BITS) + u128::from(at.as_u64()) - u128::from(from.as_u64());
    ensure!(
        done == MILLION as u128,
        "{done} {what} of {MILLION} in {} bits: {wrapped} times around, and at {at:x?}",
        T::BITS
    );
    Ok(())
}

pub fn a_million_additions_and_exchanges_lose_none() -> Result<(), String> {
    space::RW.renew();
    let page = space::RW.start();
    // Close enough to the largest to get past it.
    let (half, quarter) = (u64::MAX - MILLION as u64 / 2, u32::MAX - MILLION as u32 / 4);
    count_to_a_million("additions", page + 3, 0x7f_u8, by_addition)?;
    count_to_a_million("additions", page + 6, 0x7fff_u16, by_addition)?;
    count_to_a_million("additions", page + 8, quarter, by_addition)?;
    count_to_a_million("additions", page + 16, half, by_addition)?;
    count_to_a_million("exchanges", page + 33, 0x7f_u8, by_exchange)?;
    count_to_a_million("exchanges", page + 38, 0x7fff_u16, by_exchange)?;
    count_to_a_million("exchanges", page + 44, quarter, by_exchange)?;
    count_to_a_million("exchanges", page + 56, half, by_exchange)?;
    // Some machines have no atomics this small, and use the word around them.
    let ours = [3..4, 6..8, 8..12, 16..24, 33..34, 38..40, 44..48, 56..64];
    let bytes = space::peek(page, 128);
    let stray = (0..128).find(|index| bytes[*index] != 0 && !ours.iter().any(|range| range.contains(index)));
    ensure!(stray.is_none(), "byte {stray:?} beside the counters has changed");
    Ok(())
}

/// Each CPU has a byte and a half word of its own; on some machines they lie in the word of the others.
pub fn neighbours_in_one_word_do_not_disturb_each_other() -> Result<(), String> {
    space::RW.renew();
    let page = space::RW.start();
    let barrier = Barrier::new();
    smp::on_all(|rank| {
        let byte = UserPtr::<u8>::from(page + rank).atomic();
        let half = UserPtr::<u16>::from(page + 8 + 2 * rank).atomic();
        barrier.wait()?;
        for round in 0..share(rank, SOME) {
            let before = patiently(|| byte.fetch_add(1))?;
            ensure!(before == round as u8, "byte {rank} is {before:#x} in round {round}");
            let odd = if round % 2 == 0 { 0 } else { 0xffff };
            let before = patiently(|| half.fetch_xor(0xffff))?;
            ensure!(before == odd, "half word {rank} is {before:#x} in round {round}");
            let found = patiently(|| half.compare_exchange(1, 2))?;
            ensure!(found == Err(!odd), "half word {rank}: {found:x?} in round {round}");
        }
        Ok(())
    })
}

pub fn bits_of_all_cpus_are_set_and_cleared_without_loss() -> Result<(), String> {
    space::RW.renew();
    let word = UserPtr::<u32>::from(space::RW.start()).atomic();
    let barrier = Barrier::new();
    smp::on_all(|rank| {
        let bit = 0x8000_0000 >> rank;
        barrier.wait()?;
        for round in 0..share(rank, SOME) {
            let told = [
                patiently(|| word.fetch_or(bit))?,
                patiently(|| word.fetch_and_not(bit))?,
                patiently(|| word.fetch_xor(bit))?,
                patiently(|| word.fetch_and(!bit))?,
            ];
            ensure!(told.map(|it| it & bit) == [0, bit, 0, bit], "bit {bit:#x} in round {round}: {told:x?}");
        }
        Ok(())
    })?;
    ensure!(word.load() == Ok(0), "{:x?} is left", word.load());
    Ok(())
}

/// Whoever swaps takes what another one has put there, once.
pub fn swaps_pass_each_value_on_once() -> Result<(), String> {
    space::RW.renew();
    let slot = UserPtr::<u64>::from(space::RW.start()).atomic();
    let (given, taken, barrier) = (AtomicU64::new(0), AtomicU64::new(0), Barrier::new());
    smp::on_all(|rank| {
        let (mut put, mut got) = (0, 0);
        barrier.wait()?;
        for round in 1..=share(rank, MILLION) as u64 {
            let value = round << 8 | rank as u64;
            put += value;
            got += patiently(|| slot.swap(value))?;
        }
        given.fetch_add(put, Ordering::Relaxed);
        taken.fetch_add(got, Ordering::Relaxed);
        Ok(())
    })?;
    let (given, taken) = (given.into_inner(), taken.into_inner() + patiently(|| slot.load())?);
    ensure!(given == taken, "{given} were given, {taken} taken");
    Ok(())
}

/// The first CPU writes values whose bytes are alike, as long as the others read; they must see no mixture.
pub fn an_aligned_value_is_never_torn() -> Result<(), String> {
    fn of_width<T: Count>(addr: usize, repeat: fn(u8) -> T) -> Result<(), String> {
        let ptr = UserPtr::<T>::from(addr);
        let (barrier, readers) = (Barrier::new(), AtomicUsize::new(smp::count() - 1));
        smp::on_all(|rank| {
            barrier.wait()?;
            let mut round = 0_u8;
            while rank == 0 && readers.load(Ordering::Relaxed) > 0 {
                ptr.write(repeat(round)).map_err(|fault| format!("{fault:x?}"))?;
                round = round.wrapping_add(1);
            }
            let mut torn = None;
            for _ in 0..share(rank, SOME) * usize::from(rank != 0) {
                let value = ptr.read().map_err(|fault| format!("{fault:x?}"))?;
                torn = torn.or((value != repeat(value.as_u64() as u8)).then_some(value));
            }
            readers.fetch_sub(usize::from(rank != 0), Ordering::Relaxed);
            ensure!(torn.is_none(), "{torn:x?}");
            Ok(())
        })
    }
    space::RW.renew();
    let page = space::RW.start();
    // Next to what may be the end of a cache line.
    of_width(page + 62, |byte| u16::from_ne_bytes([byte; 2]))?;
    of_width(page + 124, |byte| u32::from_ne_bytes([byte; 4]))?;
    of_width(page + 248, |byte| u64::from_ne_bytes([byte; 8]))
}
