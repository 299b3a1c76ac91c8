// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is not ours reaches the handler that was there before, with everything that it was installed with.

use std::{
    ffi::c_void,
    fs,
    io::{Read, Write},
    mem, ptr,
    sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::SeqCst},
    thread,
    time::Duration,
};

use axptr::{FaultKind, copy_from_user};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{
        BOTH, ThreeArguments, block, blocked, disposition, foreign_load, foreign_load_pc, foreign_store,
        install, kill, queue, raise, set, set_one, set_three, tgkill, thread_id,
    },
    machine::{FOREIGN_SIZE, UNTRANSLATABLE_TELLS},
    memory::{NOWHERE, PAGE, map, protect, truncated_file},
    registers::Registers,
};

// <asm-generic/siginfo.h>; the libc crate does not have them.
const SEGV_MAPERR: c_int = 1;
const SEGV_ACCERR: c_int = 2;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static CODE: AtomicI32 = AtomicI32::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);
static PC: AtomicUsize = AtomicUsize::new(0);
/// The blocked signals inside a handler, as bits.
static BLOCKED: AtomicU64 = AtomicU64::new(0);

/// Writes down all it is told.
extern "C" fn record(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    CALLS.fetch_add(1, SeqCst);
    SIGNAL.store(signal, SeqCst);
    // SAFETY: SA_SIGINFO: valid.
    let info = unsafe { &*info };
    assert_eq!(info.si_signo, signal);
    CODE.store(info.si_code, SeqCst);
    // SAFETY: every siginfo has these bytes; for a signal that was sent they hold no address.
    ADDRESS.store(unsafe { info.si_addr() }.addr(), SeqCst);
    PC.store(registers(context).pc(), SeqCst);
    BLOCKED.store(blocked().iter().map(|signal| 1 << signal).sum(), SeqCst);
}

/// As above, and goes on behind the instruction.
extern "C" fn skip(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    record(signal, info, context);
    let mut registers = registers(context);
    registers.skip(FOREIGN_SIZE);
}

extern "C" fn record_signal_only(signal: c_int) {
    CALLS.fetch_add(1, SeqCst);
    SIGNAL.store(signal, SeqCst);
    BLOCKED.store(blocked().iter().map(|signal| 1 << signal).sum(), SeqCst);
}

fn registers<'a>(context: *mut c_void) -> Registers<'a> {
    // SAFETY: (1) SA_SIGINFO: a valid context, which nobody else refers to.
    unsafe { Registers::of(context) }
}

fn seen() -> (usize, c_int, c_int) {
    (CALLS.load(SeqCst), SIGNAL.load(SeqCst), CODE.load(SeqCst))
}

fn blocked_inside() -> Vec<c_int> {
    let bits = BLOCKED.load(SeqCst);
    (1..32).filter(|signal| bits >> signal & 1 != 0).collect()
}

#[test]
fn a_foreign_fault_shows_the_old_handler_the_same_signal_and_the_same_context() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, skip, 0, &[]));
        install();
        let read_only = map(1, libc::PROT_READ).addr();
        let truncated = truncated_file(10) + PAGE;
        for (calls, addr, signal, code) in [
            (1, NOWHERE, libc::SIGSEGV, SEGV_MAPERR),
            (2, map(1, libc::PROT_NONE).addr() + 40, libc::SIGSEGV, SEGV_ACCERR),
            (3, truncated + 8, libc::SIGBUS, libc::BUS_ADRERR),
        ] {
            // The handler changes the context's pc: if it were another context, this would not return.
            foreign_load(addr);
            assert_eq!(seen(), (calls, signal, code), "{addr:#x}");
            assert_eq!(ADDRESS.load(SeqCst), addr);
            assert_eq!(PC.load(SeqCst), foreign_load_pc());
        }
        foreign_store(read_only + 8, 1);
        assert_eq!(seen(), (4, libc::SIGSEGV, SEGV_ACCERR));
        assert_eq!(ADDRESS.load(SeqCst), read_only + 8);
        let (code, tells_the_address) = UNTRANSLATABLE_TELLS;
        let untranslatable = 1 << 62;
        foreign_load(untranslatable);
        assert_eq!(seen(), (5, libc::SIGSEGV, code));
        // An emulated access to such an address is one of the machine below, which may not tell.
        let told = ADDRESS.load(SeqCst) == untranslatable;
        assert!(told == tells_the_address || child::is_emulated());
        // Ours never reach it.
        assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().kind, FaultKind::NotPresent);
        assert_eq!(copy_from_user(&mut [0; 8], truncated).unwrap_err().kind, FaultKind::Bus);
        assert_eq!(seen().0, 5);
    })
    .expect_success();
}

#[test]
fn a_signal_that_was_sent_shows_the_old_handler_how() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, record, 0, &[]));
        install();
        let mut calls = 0;
        for signal in BOTH {
            let sent: [(fn(c_int), c_int); 4] = [
                (raise, libc::SI_TKILL),
                (|signal| queue(thread_id(), signal, libc::SI_QUEUE), libc::SI_QUEUE),
                (|signal| queue(thread_id(), signal, libc::SI_TIMER), libc::SI_TIMER),
                (|signal| queue(thread_id(), signal, libc::SI_ASYNCIO), libc::SI_ASYNCIO),
            ];
            for (send, code) in sent {
                send(signal);
                calls += 1;
                assert_eq!(seen(), (calls, signal, code));
            }
        }
    })
    .expect_success();
}

#[test]
fn a_one_argument_handler_is_called_and_may_repair_the_fault() {
    static PAGE_TO_OPEN: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn open(signal: c_int) {
        record_signal_only(signal);
        protect(PAGE_TO_OPEN.load(SeqCst) as *mut u8, libc::PROT_READ | libc::PROT_WRITE);
    }
    child::run(|| {
        set_one(libc::SIGSEGV, open, 0, &[]);
        set_one(libc::SIGBUS, record_signal_only, 0, &[]);
        install();
        let page = map(1, libc::PROT_NONE).addr();
        PAGE_TO_OPEN.store(page, SeqCst);
        assert_eq!(foreign_load(page), 0);
        assert_eq!(seen(), (1, libc::SIGSEGV, 0));
        raise(libc::SIGBUS);
        assert_eq!(seen(), (2, libc::SIGBUS, 0));
    })
    .expect_success();
}

/// Every combination of form, mask and SA_NODEFER.
#[test]
fn the_old_handlers_mask_holds_while_it_runs_and_no_longer() {
    const MASKED: [c_int; 3] = [libc::SIGUSR1, libc::SIGTERM, libc::SIGCHLD];
    const OUTSIDE: [c_int; 1] = [libc::SIGUSR2];
    for number in 0..16 {
        let bit = |n: u32| number >> n & 1 != 0;
        let signal = if bit(0) { libc::SIGBUS } else { libc::SIGSEGV };
        let mask = if bit(1) { &MASKED[..] } else { &[] };
        let flags = if bit(2) { libc::SA_NODEFER } else { 0 };
        let three = bit(3);
        let case = format!("signal {signal}, mask {mask:?}, flags {flags:x}, three arguments {three}");
        child::run_case(&case, || {
            if three {
                set_three(signal, record, flags, mask);
            } else {
                set_one(signal, record_signal_only, flags, mask);
            }
            install();
            block(&OUTSIDE);
            let mut expected = [mask, &OUTSIDE].concat();
            if flags & libc::SA_NODEFER == 0 {
                expected.push(signal);
            }
            expected.sort_unstable();
            raise(signal);
            assert_eq!((CALLS.load(SeqCst), blocked_inside()), (1, expected));
            assert_eq!(blocked(), OUTSIDE);
        })
        .expect_success();
    }
}

#[test]
fn a_signal_from_the_old_handlers_mask_waits_until_it_is_through() {
    static ORDER: AtomicUsize = AtomicUsize::new(0);
    static USR1_CAME: AtomicUsize = AtomicUsize::new(0);
    static INSIDE_ENDED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn usr1(_: c_int) {
        USR1_CAME.store(ORDER.fetch_add(1, SeqCst) + 1, SeqCst);
    }
    extern "C" fn segv(_: c_int) {
        raise(libc::SIGUSR1);
        INSIDE_ENDED.store(ORDER.fetch_add(1, SeqCst) + 1, SeqCst);
    }
    child::run(|| {
        set_one(libc::SIGUSR1, usr1, 0, &[]);
        set_one(libc::SIGSEGV, segv, 0, &[libc::SIGUSR1]);
        install();
        raise(libc::SIGSEGV);
        assert_eq!((INSIDE_ENDED.load(SeqCst), USR1_CAME.load(SeqCst)), (1, 2));
    })
    .expect_success();
}

#[test]
fn without_nodefer_a_second_signal_waits_and_with_it_nests() {
    static DEPTH: AtomicUsize = AtomicUsize::new(0);
    static DEEPEST: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn again(signal: c_int) {
        let depth = DEPTH.fetch_add(1, SeqCst) + 1;
        DEEPEST.fetch_max(depth, SeqCst);
        if CALLS.fetch_add(1, SeqCst) == 0 {
            raise(signal);
        }
        DEPTH.fetch_sub(1, SeqCst);
    }
    for (flags, deepest) in [(0, 1), (libc::SA_NODEFER, 2)] {
        child::run_case(&format!("flags {flags:x}"), || {
            set_one(libc::SIGSEGV, again, flags, &[]);
            install();
            raise(libc::SIGSEGV);
            assert_eq!((CALLS.load(SeqCst), DEEPEST.load(SeqCst)), (2, deepest));
        })
        .expect_success();
    }
}

#[test]
fn a_handler_with_resethand_is_called_once_and_ours_goes_on() {
    child::run(|| {
        set_three(libc::SIGSEGV, record, libc::SA_RESETHAND, &[]);
        install();
        raise(libc::SIGSEGV);
        assert_eq!(seen(), (1, libc::SIGSEGV, libc::SI_TKILL));
        for _ in 0..10 {
            assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().kind, FaultKind::NotPresent);
        }
        assert_eq!(seen().0, 1);
        println!("once");
        raise(libc::SIGSEGV);
        child::survived();
    })
    .expect_death(libc::SIGSEGV, "once");
}

/// Where two threads get the signal at once, the kernel calls the handler on one of them and ends the process on the
/// other.
#[test]
fn a_handler_with_resethand_is_called_on_one_of_two_threads() {
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn stay(_: c_int) {
        if CALLED.fetch_add(1, SeqCst) > 0 {
            child::survived();
        }
        println!("inside");
        // Only now: the other thread ends the process.
        INSIDE.store(1, SeqCst);
        thread::sleep(Duration::from_secs(5));
        child::survived();
    }
    child::run(|| {
        set_one(libc::SIGSEGV, stay, libc::SA_RESETHAND, &[]);
        install();
        let raise = || raise(libc::SIGSEGV);
        thread::scope(|scope| {
            scope.spawn(raise);
            while INSIDE.load(SeqCst) == 0 {
                thread::yield_now();
            }
            scope.spawn(raise);
        });
    })
    .expect_death(libc::SIGSEGV, "inside");
}

/// A handler that was installed after ours, and passes on to it: its mask is its own.
#[test]
fn a_later_handler_that_calls_ours_gets_its_mask_back() {
    static OURS: AtomicUsize = AtomicUsize::new(0);
    static MASKS: AtomicU64 = AtomicU64::new(0);
    extern "C" fn later(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        let bits = || blocked().iter().map(|signal| 1 << signal).sum::<u64>();
        let before = bits();
        let ours = ptr::with_exposed_provenance::<()>(OURS.load(SeqCst));
        // SAFETY: the scene has stored axptr's handler.
        let ours = unsafe { mem::transmute::<*const (), ThreeArguments>(ours) };
        ours(signal, info, context);
        assert_eq!(bits(), before);
        MASKS.store(before, SeqCst);
    }
    child::run(|| {
        set_three(libc::SIGSEGV, record, 0, &[libc::SIGTERM]);
        install();
        OURS.store(disposition(libc::SIGSEGV).0, SeqCst);
        set_three(libc::SIGSEGV, later, 0, &[libc::SIGUSR1, libc::SIGCHLD]);
        raise(libc::SIGSEGV);
        assert_eq!(MASKS.load(SeqCst), 1 << libc::SIGSEGV | 1 << libc::SIGUSR1 | 1 << libc::SIGCHLD);
        // The handler in the middle has what it asked for.
        assert_eq!((CALLS.load(SeqCst), blocked_inside()), (1, vec![libc::SIGSEGV, libc::SIGTERM]));
        assert_eq!(blocked(), []);
    })
    .expect_success();
}

#[test]
fn an_ignored_signal_stays_ignored() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set(signal, libc::SIG_IGN, 0, &[]));
        install();
        for signal in BOTH {
            kill(signal);
            raise(signal);
            queue(thread_id(), signal, libc::SI_QUEUE);
        }
        assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().kind, FaultKind::NotPresent);
    })
    .expect_success();
}

#[test]
fn the_old_handler_runs_on_the_stack_that_it_asked_for() {
    static ON_ALTERNATE: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn look(_: c_int) {
        // SAFETY: all zeroes is a stack's description.
        let mut stack = unsafe { mem::zeroed::<libc::stack_t>() };
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::sigaltstack(ptr::null(), &raw mut stack) }, 0);
        assert_eq!(stack.ss_flags & libc::SS_DISABLE, 0, "std gives every thread an alternate stack");
        ON_ALTERNATE.store(stack.ss_flags & libc::SS_ONSTACK, SeqCst);
    }
    for (flags, expected) in [(0, 0), (libc::SA_ONSTACK, libc::SS_ONSTACK)] {
        child::run_case(&format!("flags {flags:x}"), || {
            BOTH.iter().for_each(|&signal| set_one(signal, look, flags, &[]));
            install();
            for signal in BOTH {
                ON_ALTERNATE.store(-1, SeqCst);
                raise(signal);
                assert_eq!(ON_ALTERNATE.load(SeqCst), expected);
            }
        })
        .expect_success();
    }
}

/// A signal that arrives in the middle of a `read` ends it, unless the old handler was installed with SA_RESTART
/// or the signal was ignored.
///
/// qemu-user leaves restarting to the machine that it runs on, and does not ask it to for these two signals, which it
/// needs itself: there every signal ends the call.
#[test]
fn a_system_call_is_interrupted_only_where_it_was_before() {
    let record = record as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as libc::sighandler_t;
    for (case, handler, flags, interrupted) in [
        ("plain handler", record, libc::SA_SIGINFO, true),
        ("restarting handler", record, libc::SA_SIGINFO | libc::SA_RESTART, false),
        ("ignored", libc::SIG_IGN, 0, false),
    ] {
        child::run_case(case, || {
            set(libc::SIGSEGV, handler, flags, &[]);
            install();
            let (mut reader, mut writer) = std::io::pipe().unwrap();
            let thread = thread_id();
            let waiting = move || {
                let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
                stat.rsplit_once(") ").unwrap().1.starts_with('S')
            };
            let sender = thread::spawn(move || {
                while !waiting() {
                    thread::yield_now();
                }
                tgkill(thread, libc::SIGSEGV);
                thread::sleep(Duration::from_millis(100));
                writer.write_all(b"x").unwrap();
            });
            let result = reader.read(&mut [0; 1]);
            assert_eq!(result.is_err(), interrupted || child::is_emulated(), "{result:?}");
            sender.join().unwrap();
        })
        .expect_success();
    }
}

#[test]
fn errno_survives_a_recovered_fault_and_a_passed_on_signal() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, record, 0, &[libc::SIGUSR1]));
        install();
        // SAFETY: asks only.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: this thread's own.
        let set_errno = |value| unsafe { errno.write(value) };
        // SAFETY: as above.
        let errno = || unsafe { errno.read() };
        for value in [0, libc::EAGAIN, 1234] {
            set_errno(value);
            let recovered = copy_from_user(&mut [0; 8], NOWHERE).is_err();
            assert_eq!((recovered, errno()), (true, value));
            BOTH.iter().for_each(|&signal| raise(signal));
            assert_eq!(errno(), value);
        }
        assert_eq!(seen().0, 6);
    })
    .expect_success();
}
