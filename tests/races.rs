// SPDX-License-Identifier: MIT OR Apache-2.0
//! What two threads do at the same time: atomics lose nothing, aligned values are never torn, and memory that
//! comes and goes ends in a fault or in bytes that were there.

use std::{
    ptr,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use axptr::{
    Fault, UserConstPtr, UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    cstr::StringError,
    scope,
};

const PAGE: usize = 4096;
const MILLION: usize = 1_000_000;

/// Fresh pages, for the rest of the process.
fn map(pages: usize) -> usize {
    // SAFETY: (1) the tests pass addresses of their own mappings only, in which no Rust object is.
    unsafe { axptr::hosted::install() }.unwrap();
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

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two pages of a file, the second of which comes and goes until `f` has seen enough.
fn with_a_page_that_comes_and_goes(content: &[u8; 2 * PAGE], f: impl Fn(usize) -> bool) {
    let start = map(2);
    // SAFETY: the name is a string.
    let file = unsafe { libc::memfd_create(c"axptr-races".as_ptr(), 0) };
    assert!(file >= 0);
    // SAFETY: the bytes are there.
    assert_eq!(unsafe { libc::write(file, content.as_ptr().cast(), 2 * PAGE) }, 2 * PAGE as isize);
    let place = |offset: usize, present: bool| {
        let (protection, flags, file) = if present {
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, file)
        } else {
            (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
        };
        let page = ptr::without_provenance_mut(start + offset);
        // SAFETY: replaces a page of the mapping above.
        let mapped = unsafe {
            libc::mmap(page, PAGE, protection, flags | libc::MAP_FIXED, file, offset as libc::off_t)
        };
        assert_eq!(mapped, page);
    };
    place(0, true);
    place(PAGE, false);
    let (done, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for present in [true, false] {
                    place(PAGE, present);
                    // For a while, short or long, it stays so.
                    let turn = turns.fetch_add(1, Ordering::Relaxed);
                    (0..turn % 64 * 100).for_each(|_| std::hint::spin_loop());
                }
            }
        });
        // Also where `f` panics, so that the scope ends.
        let _stop = StopOnDrop(&done);
        while !f(start) || turns.load(Ordering::Relaxed) < 2000 {}
    });
}

#[test]
fn memory_that_comes_and_goes_ends_in_a_fault_or_in_what_was_there() {
    /// Faults, and successes.
    const ENOUGH: usize = 20_000;
    let mut content = [0; 2 * PAGE];
    content.iter_mut().enumerate().for_each(|(i, byte)| *byte = 1 + (i % 251) as u8);
    content[2 * PAGE - 1] = 0;
    let outcomes = [const { AtomicUsize::new(0) }; 2];
    let count = |ok: bool| outcomes[usize::from(ok)].fetch_add(1, Ordering::Relaxed);
    with_a_page_that_comes_and_goes(&content, |start| {
        for before in [0, 1, 3, 8, 61, 200, 1000] {
            let (at, offset) = (start + PAGE - before, PAGE - before);
            // Whatever was read is what stands there, up to where it says.
            let check = |read: &[u8], copied: usize, what: &str| {
                assert!(read[..copied] == content[offset..offset + copied], "{what}, {before} in front");
                assert!(read[copied..].iter().all(|&byte| byte == 0xee), "{what}, {before} in front");
            };
            let mut buf = vec![0xee; 1500];
            let result = axptr::copy_from_user(&mut buf, at);
            check(&buf, result.map_or_else(|fault| fault.done, |()| 1500), "copy");
            count(result.is_ok());

            let mut buf = vec![0xee; 2 * PAGE];
            let result = UserConstPtr::<u8>::from(at).as_cstr().read(&mut buf).map(|text| text.count_bytes());
            let copied = match result {
                Ok(len) => {
                    assert_eq!(len, PAGE + before - 1);
                    len + 1
                }
                Err(StringError::Fault(fault)) => fault.done,
                Err(error) => panic!("{error}"),
            };
            check(&buf, copied, "string");
            count(result.is_ok());

            let value = UserConstPtr::<u64>::from(at).read();
            let expected = u64::from_ne_bytes(content[offset..offset + 8].try_into().unwrap());
            assert!(value.is_err() || value == Ok(expected), "{value:x?}, {before} in front");
            count(value.is_ok());

            let atomic = UserPtr::<u32>::from((at + 64) & !3).atomic();
            let offset = offset + 64 - (at + 64) % 4;
            let expected = u32::from_ne_bytes(content[offset..offset + 4].try_into().unwrap());
            for result in [atomic.fetch_or(0), atomic.fetch_add(0), atomic.swap(expected)] {
                let absent = matches!(result, Err(AtomicError::Fault(Fault { done: 0, .. })));
                assert!(absent || result == Ok(expected), "{result:x?}, {before} in front");
                count(result.is_ok());
            }
        }
        outcomes.iter().all(|count| count.load(Ordering::Relaxed) > ENOUGH)
    });
    let [faults, successes] = outcomes.map(AtomicUsize::into_inner);
    println!("{faults} faults, {successes} successes");
}
