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

/// One word, in a cache line of its own.
#[repr(align(128))]
#[derive(Default)]
struct Word(AtomicU32);

/// How many pairs of words the threads go through without a pause, one upwards and one downwards: somewhere they meet,
/// wherever each of them started.
const PAIRS: usize = 4_000;

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
    if env::var("AXPTR_SWEEP").is_ok_and(|value| value == "tiny") { 3 } else { 60 }
}

/// A barrier of two threads that spins: they have to go on at the same time.
fn meet(arrived: &AtomicUsize, meeting: usize) {
    arrived.fetch_add(1, Ordering::AcqRel);
    let mut spins = 0;
    while arrived.load(Ordering::Acquire) < 2 * meeting {
        spins += 1;
        if spins < 1_000_000 { hint::spin_loop() } else { thread::yield_now() }
    }
}

/// How often neither thread saw the other's store.
fn buffered(sides: [Side; 2], store: Ordering, load: Ordering) -> usize {
    // SAFETY: (1) the test passes addresses of its own words only, which are atomics.
    unsafe { axptr::hosted::install() }.unwrap();
    let words = [(); 2].map(|()| (0..PAIRS).map(|_| Word::default()).collect::<Vec<_>>());
    let missed = [(); 2].map(|()| (0..PAIRS).map(|_| AtomicU32::new(0)).collect::<Vec<_>>());
    let (arrived, both) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let run = |index: usize| {
        let (words, missed, arrived, both) = (&words, &missed, &arrived, &both);
        move || {
            let (mine, others, side) = (&words[index], &words[1 - index], sides[index]);
            for round in 1..=rounds() {
                meet(arrived, 2 * round as usize - 1);
                for step in 0..PAIRS {
                    let pair = if index == 0 { step } else { PAIRS - 1 - step };
                    side.store(&mine[pair], round, store).unwrap();
                    let saw = side.load(&others[pair], load).unwrap();
                    missed[index][pair].store(u32::from(saw != round), Ordering::Relaxed);
                }
                meet(arrived, 2 * round as usize);
                // Until the next meeting nobody writes them.
                if index == 0 {
                    let at = |pair: usize| missed.iter().all(|it| it[pair].load(Ordering::Relaxed) == 1);
                    both.fetch_add((0..PAIRS).filter(|pair| at(*pair)).count(), Ordering::Relaxed);
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(run(1));
        run(0)();
    });
    both.into_inner()
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
    println!("with release and acquire {weaker} times neither saw the other's store");
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
                for round in 1..=1_000 * rounds() {
                    data.0.store(round, Ordering::Relaxed);
                    side.store(&flag, round, store).unwrap();
                }
            });
            loop {
                let published = side.load(&flag, Ordering::Acquire).unwrap();
                let there = data.0.load(Ordering::Relaxed);
                assert!(there >= published, "{side:?}, {store:?}: {there} behind {published}");
                if published == 1_000 * rounds() {
                    break;
                }
            }
        });
    }
}

/// What the litmus tests see only where two CPUs run at the same time: whether there is a barrier at all. Each call is
/// single-stepped, and its instructions are looked at.
#[cfg(target_arch = "x86_64")]
mod barriers {
    use std::{
        arch::asm,
        ffi::{c_int, c_void},
        mem, ptr,
        sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst},
    };

    use super::*;

    static STEPS: AtomicUsize = AtomicUsize::new(0);
    static BARRIERS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn on_step(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
        STEPS.fetch_add(1, Relaxed);
        // SAFETY: the kernel hands a SA_SIGINFO handler a valid frame.
        let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        let next = ptr::with_exposed_provenance::<u8>(registers[libc::REG_RIP as usize] as usize);
        // SAFETY: an instruction that is about to be executed; none of code that ends here has less than 3 bytes behind.
        let bytes = unsafe { next.cast::<[u8; 3]>().read_unaligned() };
        // MFENCE, a locked instruction, or an exchange with memory.
        let is_exchange = |opcode: u8, modrm: u8| matches!(opcode, 0x86 | 0x87) && modrm < 0xc0;
        let is_barrier = bytes == [0x0f, 0xae, 0xf0]
            || bytes[0] == 0xf0
            || is_exchange(bytes[0], bytes[1])
            || (matches!(bytes[0], 0x40..=0x4f | 0x66) && is_exchange(bytes[1], bytes[2]));
        BARRIERS.fetch_add(usize::from(is_barrier), Relaxed);
    }

    /// How many barriers a call has.
    fn barriers(call: impl FnOnce()) -> usize {
        STEPS.store(0, Relaxed);
        BARRIERS.store(0, Relaxed);
        // SAFETY: the handler of SIGTRAP changes nothing that the program counts on.
        unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
        call();
        // SAFETY: as above.
        unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
        assert!(STEPS.load(Relaxed) > 3, "it was not stepped");
        BARRIERS.load(Relaxed)
    }

    #[test]
    fn a_barrier_is_where_it_is_needed_and_nowhere_else() {
        // SAFETY: (1) the test passes addresses of its own words only, which are atomics.
        unsafe { axptr::hosted::install() }.unwrap();
        // SAFETY: all zeros is an action without flags.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_flags = libc::SA_SIGINFO;
        action.sa_sigaction = on_step as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
        // SAFETY: a valid action, whose handler keeps its contract.
        assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) }, 0);
        let word = Word::default();
        for side in [Side::Typed, Side::Raw] {
            for (order, expected) in [(Relaxed, 0), (Release, 0), (SeqCst, 1)] {
                let found = barriers(|| side.store(&word, 3, order).unwrap());
                assert_eq!(found, expected, "a store of {side:?}, {order:?}");
            }
            for order in [Relaxed, Acquire, SeqCst] {
                assert_eq!(
                    barriers(|| _ = side.load(&word, order).unwrap()),
                    0,
                    "a load of {side:?}, {order:?}"
                );
            }
        }
        // One is one whatever is asked for.
        for order in [Relaxed, Release, SeqCst] {
            assert_eq!(barriers(|| Side::Swap.store(&word, 3, order).unwrap()), 1, "a swap, {order:?}");
        }
        assert_eq!(barriers(|| Side::Core.store(&word, 3, SeqCst).unwrap()), 1, "the compiler's");
    }
}
