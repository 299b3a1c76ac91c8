// SPDX-License-Identifier: MIT OR Apache-2.0
//! What two threads do to one value at the same time: atomics lose nothing, and what is aligned is never torn.

use std::{
    ptr,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axptr::{
    UserConstPtr, UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    scope,
};

const PAGE: usize = 4096;
const MILLION: usize = 1_000_000;

/// Fresh pages, for the rest of the process.
fn map(pages: usize) -> usize {
    crate::install();
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping touches no memory of others.
    let start = unsafe { libc::mmap(ptr::null_mut(), pages * PAGE, protection, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    start.addr()
}

/// Runs `work` on two threads that start together.
fn twice(work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for index in 0..2 {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(index);
            });
        }
    });
}

/// Tries until others are not in the way.
fn patiently<R>(mut operation: impl FnMut() -> Result<R, AtomicError>) -> R {
    loop {
        match operation() {
            Ok(value) => return value,
            Err(AtomicError::Retry) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Two million additions, and as many by compare-exchange, next to each other in one word of memory.
fn nothing_is_lost<T: AtomicValue + TryFrom<u64> + Send + Sync + std::fmt::Debug>(
    atomic: UserAtomic<T>,
    add: fn(T, u64) -> T,
) {
    let zero = add(atomic.load().unwrap(), 0);
    twice(|_| {
        for _ in 0..MILLION {
            patiently(|| atomic.fetch_add(add(zero, 1)));
        }
    });
    assert_eq!(atomic.load(), Ok(add(zero, 2 * MILLION as u64)), "additions");
    twice(|_| {
        for _ in 0..MILLION {
            let mut seen = atomic.load().unwrap();
            while let Err(found) = patiently(|| atomic.compare_exchange(seen, add(seen, 1))) {
                seen = found;
            }
        }
    });
    assert_eq!(atomic.load(), Ok(add(zero, 4 * MILLION as u64)), "compare-exchanges");
}

#[test]
fn a_million_additions_and_exchanges_of_each_thread_lose_none() {
    let page = map(1);
    nothing_is_lost(UserPtr::<u32>::from(page).atomic(), |a, b| a.wrapping_add(b as u32));
    nothing_is_lost(UserPtr::<u64>::from(page + 8).atomic(), u64::wrapping_add);
    nothing_is_lost(UserPtr::<u8>::from(page + 17).atomic(), |a, b| a.wrapping_add(b as u8));
    nothing_is_lost(UserPtr::<u16>::from(page + 22).atomic(), |a, b| a.wrapping_add(b as u16));
    // Values beside those of one or two bytes: on some machines they lie in the same word.
    assert_eq!(UserConstPtr::<u8>::from(page + 16).read(), Ok(0));
    assert_eq!(UserConstPtr::<[u8; 4]>::from(page + 18).read(), Ok([0; 4]));
}

#[test]
fn neighbours_in_one_word_do_not_disturb_each_other() {
    let page = map(1);
    twice(|index| {
        let byte = UserPtr::<u8>::from(page + index).atomic();
        let half = UserPtr::<u16>::from(page + 2 + 4 * index).atomic();
        for round in 0..MILLION / 4 {
            assert_eq!(patiently(|| byte.fetch_add(1)), round as u8);
            assert_eq!(patiently(|| half.fetch_xor(0xffff)), if round % 2 == 0 { 0 } else { 0xffff });
            assert_eq!(
                patiently(|| half.compare_exchange(1, 2)),
                Err(if round % 2 == 0 { 0xffff } else { 0 })
            );
        }
    });
}

#[test]
fn bits_of_two_threads_are_set_and_cleared_without_loss() {
    let word = UserPtr::<u32>::from(map(1)).atomic();
    let retries = AtomicUsize::new(0);
    let count = |operation: &dyn Fn() -> Result<u32, AtomicError>| {
        patiently(|| operation().inspect_err(|_| _ = retries.fetch_add(1, Ordering::Relaxed)))
    };
    twice(|index| {
        let bit = 0x8000_0000 >> index;
        for _ in 0..MILLION {
            assert_eq!(count(&|| word.fetch_or(bit)) & bit, 0);
            assert_eq!(count(&|| word.fetch_and_not(bit)) & bit, bit);
            assert_eq!(count(&|| word.fetch_xor(bit)) & bit, 0);
            assert_eq!(count(&|| word.fetch_and(!bit)) & bit, bit);
        }
    });
    assert_eq!(word.load(), Ok(0));
    println!("{} retries", retries.into_inner());
}

#[test]
fn swaps_pass_each_value_on_once() {
    let slot = UserPtr::<u64>::from(map(1)).atomic();
    let sums = [AtomicUsize::new(0), AtomicUsize::new(0)];
    twice(|index| {
        let mut sum = 0;
        for round in 1..=MILLION {
            sum += patiently(|| slot.swap((2 * round + index) as u64)) as usize;
        }
        sums[index].store(sum, Ordering::Relaxed);
    });
    let [a, b] = sums.map(AtomicUsize::into_inner);
    let given: usize = (1..=MILLION).map(|round| 4 * round + 1).sum();
    assert_eq!(a + b + slot.load().unwrap() as usize, given);
}

/// Values all of whose bytes are alike, written by one thread and read by the other.
fn never_torn<T: AtomicValue + Send + Sync>(addr: usize, repeat: fn(u8) -> T, is_uniform: fn(T) -> bool) {
    let ptr = UserPtr::<T>::from(addr);
    twice(|index| {
        for round in 0..MILLION / 2 {
            if index == 0 {
                ptr.write(repeat(round as u8)).unwrap();
            } else {
                assert!(is_uniform(ptr.read().unwrap()));
                let (first, second) = scope::run((ptr.reading(), ptr.reading())).unwrap();
                assert!(is_uniform(first) && is_uniform(second));
            }
        }
    });
}

#[test]
fn an_aligned_value_is_never_torn() {
    let page = map(1);
    // Across what may be the end of a cache line if it were not aligned.
    never_torn(page + 62, |b| u16::from_ne_bytes([b; 2]), |v: u16| v.to_ne_bytes() == [v as u8; 2]);
    never_torn(page + 124, |b| u32::from_ne_bytes([b; 4]), |v: u32| v.to_ne_bytes() == [v as u8; 4]);
    never_torn(page + 248, |b| u64::from_ne_bytes([b; 8]), |v: u64| v.to_ne_bytes() == [v as u8; 8]);
}
