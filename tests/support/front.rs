// SPDX-License-Identifier: MIT OR Apache-2.0
//! A handler in front of axptr's, which counts the faults and which entries they hit.
//!
//! It is async-signal-safe: atomics and constant memory only.

use std::{
    ffi::c_void,
    mem::{MaybeUninit, transmute},
    ptr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering},
    },
};

use axptr::{FaultKind, extable::Table};
use axptr_cases::Handler;
use libc::{c_int, siginfo_t};

use super::{poison, registers::Registers};

/// A handler as SA_SIGINFO wants it.
pub(crate) type Action = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// More than the table has.
const ENTRIES: usize = 4096;

static TRAPS: AtomicUsize = AtomicUsize::new(0);
static HITS: [AtomicU32; ENTRIES] = [const { AtomicU32::new(0) }; ENTRIES];
static HANDLER: AtomicU8 = AtomicU8::new(FULL);
static SEGV: AtomicUsize = AtomicUsize::new(0);
static BUS: AtomicUsize = AtomicUsize::new(0);

/// What the handler writes into the register of the count, in place of the cause, unless it is 0.
pub(crate) static WRONG_COUNT: AtomicUsize = AtomicUsize::new(0);

const FULL: u8 = 0;
const PC_ONLY: u8 = 1;
const SUB_PAGE: u8 = 2;

/// The signals of this process, while one test has them.
#[derive(Debug)]
pub(crate) struct Front(#[expect(dead_code, reason = "held until dropped")] MutexGuard<'static, ()>);

impl Front {
    /// Waits for other tests to be done with the signals, and takes them. No entry counts as hit.
    pub(crate) fn new(handler: Handler) -> Self {
        static ONE_TEST: Mutex<()> = Mutex::new(());
        // A test that failed leaves nothing behind that matters to the next.
        let guard = ONE_TEST.lock().unwrap_or_else(PoisonError::into_inner);
        // A second call would put axptr's in front of this one.
        if SEGV.load(Ordering::Relaxed) == 0 {
            // SAFETY: (1) the tests pass addresses of their sites' mappings, which no Rust object is in, and
            // addresses where nothing is.
            unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
        }
        put_in_front(libc::SIGSEGV, &SEGV);
        put_in_front(libc::SIGBUS, &BUS);
        let code = match handler {
            Handler::Full => FULL,
            Handler::PcOnly => PC_ONLY,
            Handler::SubPage => SUB_PAGE,
        };
        HANDLER.store(code, Ordering::Relaxed);
        poison::clear();
        HITS.iter().for_each(|hits| hits.store(0, Ordering::Relaxed));
        Self(guard)
    }

    /// The addresses of the instructions in the table, and how often each has faulted.
    pub(crate) fn hits(&self) -> Vec<(usize, u32)> {
        let entries = Table::image().entries();
        assert!(entries.len() <= ENTRIES, "{} entries", entries.len());
        entries.iter().zip(&HITS).map(|(entry, hits)| (entry.insn(), hits.load(Ordering::Relaxed))).collect()
    }
}

/// Faults so far.
pub(crate) fn traps() -> usize {
    TRAPS.load(Ordering::Relaxed)
}

fn put_in_front(signal: c_int, former: &AtomicUsize) {
    if former.load(Ordering::Relaxed) == 0 {
        former.store(replace_handler(signal, handle).sa_sigaction, Ordering::Relaxed);
    }
}

/// Puts a handler in the place of one that takes three arguments too, and returns what was there.
pub(crate) fn replace_handler(signal: c_int, handler: Action) -> libc::sigaction {
    let mut former = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks; `former` has room for the answer.
    let status = unsafe { libc::sigaction(signal, ptr::null(), former.as_mut_ptr()) };
    assert_eq!(status, 0);
    // SAFETY: the call succeeded, so it has filled it.
    let former = unsafe { former.assume_init() };
    assert_ne!(former.sa_flags & libc::SA_SIGINFO, 0, "the former handler takes three arguments");
    let ours = libc::sigaction { sa_sigaction: handler as libc::sighandler_t, ..former };
    // SAFETY: the action is the former one but for the handler, which keeps to the same rules.
    let status = unsafe { libc::sigaction(signal, &raw const ours, ptr::null_mut()) };
    assert_eq!(status, 0);
    former
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
    let mut registers = unsafe { Registers::of(context) };
    let table = Table::image();
    if let Some(entry) = table.find(registers.pc()) {
        TRAPS.fetch_add(1, Ordering::Relaxed);
        let offset = ptr::from_ref(entry).addr() - table.entries().as_ptr().addr();
        if let Some(hits) = HITS.get(offset / size_of_val(entry)) {
            hits.fetch_add(1, Ordering::Relaxed);
        }
    }
    if recovers(&mut registers) {
        return;
    }
    let former = if signal == libc::SIGBUS { &BUS } else { &SEGV };
    // SAFETY: `put_in_front` stored the address of such a function before it installed this one.
    let former = unsafe { transmute::<usize, Action>(former.load(Ordering::Relaxed)) };
    former(signal, info, context);
}

/// Whether this handler has dealt with the fault and not left it to axptr's.
fn recovers(registers: &mut Registers<'_>) -> bool {
    let access = registers.access();
    let count = WRONG_COUNT.load(Ordering::Relaxed);
    if count != 0 {
        let Some(landing) = axptr::extable::lookup(registers.pc(), access, FaultKind::Unknown) else {
            return false;
        };
        registers.set_pc(landing.pc());
        registers.set_count(count);
        return true;
    }
    match HANDLER.load(Ordering::Relaxed) {
        PC_ONLY => {
            let Some(landing) = axptr::extable::lookup(registers.pc(), access, FaultKind::Unknown) else {
                return false;
            };
            registers.set_pc(landing.pc());
        }
        SUB_PAGE => {
            let Some(entry) = Table::image().find(registers.pc()) else { return false };
            if !entry.accepts(access) {
                return false;
            }
            match registers.by_hand(poison::memory_of) {
                // A machine with such memory would have taken no trap: the bytes are good.
                Ok(()) => {
                    TRAPS.fetch_sub(1, Ordering::Relaxed);
                }
                Err(refused) => {
                    let access = refused.or(access);
                    let landing = axptr::extable::lookup(registers.pc(), access, FaultKind::Misaligned);
                    let landing = landing.expect("the entry accepts what it is for");
                    registers.set_pc(landing.pc());
                    registers.set_cause(landing.cause());
                }
            }
        }
        _ => return false,
    }
    true
}
