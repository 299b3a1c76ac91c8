// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the orderings that a caller names promise between two threads: litmus tests.
//!
//! Two threads each store one word and load the other's ("store buffering"). Sequentially consistent, at least one of
//! them sees the other's store: with the crate's atomics on both sides, and with the compiler's on one. A message that
//! is published with release is whole for who acquires it.

#![cfg(target_os = "linux")]

use std::{
    env, hint,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    thread,
};

use axptr::{UserPtr, atomic::AtomicError, raw};

/// The two words, a cache line each, and more of them so that the threads meet at places that are not cached.
#[repr(align(128))]
#[derive(Default)]
struct Word(AtomicU32);

const PAIRS: usize = 64;

/// How one side stores and loads.
#[derive(Clone, Copy, Debug)]
enum Side {
    /// `store_with` and `load_with`.
    Typed,
    /// `raw::atomic_store` and `raw::atomic_load`.
    Raw,
    /// `swap_with` and `load_with`.
    Swap,
    /// The compiler's.
    Core,
}

impl Side {
    fn store(self, word: &Word, value: u32, order: Ordering) -> Result<(), AtomicError> {
        let place = word.0.as_ptr();
        let user = UserPtr::<u32>::from(place.expose_provenance()).atomic();
        match self {
            Self::Typed => user.store_with(value, order),
            // SAFETY: (1) the test's memory, which nothing but atomics accesses; (2) an integer.
            Self::Raw => unsafe { raw::atomic_store(place, value, order) },
            Self::Swap => user.swap_with(value, order).map(drop),
            Self::Core => {
                word.0.store(value, order);
                Ok(())
            }
        }
    }

    fn load(self, word: &Word, order: Ordering) -> Result<u32, AtomicError> {
        let place = word.0.as_ptr();
        match self {
            Self::Typed | Self::Swap => {
                UserPtr::<u32>::from(place.expose_provenance()).atomic().load_with(order)
            }
            // SAFETY: (1) the test's memory, which nothing but atomics accesses; (2) an integer.
            Self::Raw => unsafe { raw::atomic_load(place, order) },
            Self::Core => Ok(word.0.load(order)),
        }
    }
}

fn rounds() -> u32 {
    if env::var("AXPTR_SWEEP").is_ok_and(|value| value == "tiny") { 3_000 } else { 200_000 }
}

/// A barrier of two threads that spins: they have to go on at the same time.
fn meet(arrived: &AtomicUsize, round: usize) {
    arrived.fetch_add(1, Ordering::AcqRel);
    let mut spins = 0;
    while arrived.load(Ordering::Acquire) < 2 * round {
        spins += 1;
        if spins < 2_000 { hint::spin_loop() } else { thread::yield_now() }
    }
}

/// How often neither thread saw the other's store.
fn buffered(sides: [Side; 2], store: Ordering, load: Ordering) -> usize {
    // SAFETY: (1) the test passes addresses of its own words only, which are atomics.
    unsafe { axptr::hosted::install() }.unwrap();
    let words: Vec<Word> = (0..2 * PAIRS).map(|_| Word::default()).collect();
    let (arrived, missed) = (AtomicUsize::new(0), [(); 2].map(|()| AtomicUsize::new(0)));
    let mut both = 0;
    thread::scope(|scope| {
        let run = |index: usize| {
            let (words, arrived, missed) = (&words, &arrived, &missed);
            move |both: &mut usize| {
                for round in 1..=rounds() {
                    let pair = round as usize % PAIRS * 2;
                    let (mine, other) = (&words[pair + index], &words[pair + 1 - index]);
                    meet(arrived, 2 * round as usize - 1);
                    sides[index].store(mine, round, store).unwrap();
                    let saw = sides[index].load(other, load).unwrap();
                    missed[index].store(usize::from(saw != round), Ordering::Relaxed);
                    meet(arrived, 2 * round as usize);
                    // Until the next meeting nobody writes them.
                    if missed.iter().all(|it| it.load(Ordering::Relaxed) == 1) {
                        *both += 1;
                    }
                }
            }
        };
        let second = run(1);
        scope.spawn(move || second(&mut 0));
        run(0)(&mut both);
    });
    both
}

#[test]
fn sequentially_consistent_stores_are_seen() {
    use Ordering::SeqCst;
    for sides in [
        [Side::Typed, Side::Typed],
        [Side::Raw, Side::Raw],
        [Side::Typed, Side::Core],
        [Side::Core, Side::Raw],
        [Side::Swap, Side::Typed],
        [Side::Swap, Side::Swap],
    ] {
        assert_eq!(buffered(sides, SeqCst, SeqCst), 0, "{sides:?}: neither saw the other's store");
    }
    // What the test can see: nobody promises that it happens.
    let weaker = buffered([Side::Typed, Side::Typed], Ordering::Release, Ordering::Acquire);
    println!("with release and acquire {weaker} of {} times neither saw the other's store", rounds());
}

#[test]
fn what_is_published_with_release_is_whole() {
    // SAFETY: (1) the test passes addresses of its own words only, which are atomics.
    unsafe { axptr::hosted::install() }.unwrap();
    for (side, store) in [
        (Side::Typed, Ordering::Release),
        (Side::Raw, Ordering::Release),
        (Side::Swap, Ordering::Release),
        (Side::Typed, Ordering::SeqCst),
    ] {
        let (data, flag) = (Word::default(), Word::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=rounds() {
                    data.0.store(round, Ordering::Relaxed);
                    side.store(&flag, round, store).unwrap();
                }
            });
            loop {
                let published = side.load(&flag, Ordering::Acquire).unwrap();
                let there = data.0.load(Ordering::Relaxed);
                assert!(there >= published, "{side:?}, {store:?}: {there} behind {published}");
                if published == rounds() {
                    break;
                }
            }
        });
    }
}
