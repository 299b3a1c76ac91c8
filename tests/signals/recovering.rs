// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults of ours are recovered wherever they happen: any thread, any stack, inside of other handlers.

use std::{
    ffi::c_void,
    mem, ptr,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use axptr::{
    Access, Fault, FaultKind, UserConstPtr, UserPtr, copy_from_user, copy_in_user, copy_to_user, fill_user,
};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{disposition, install, raise, set_one, set_three, tgkill, thread_id},
    memory::{NOWHERE, PAGE, good_then_bad, map, truncated_file},
    registers::Registers,
};

/// What a page without permissions is called.
const NO_ACCESS: FaultKind = Registers::NO_ACCESS_IS;

/// All four operations, ending `good` bytes behind their start, each exact.
fn every_operation_faults(edge: usize, good: usize, kind: FaultKind) {
    let len = good + 24;
    let mut buffer = [0; 512];
    let start = edge - good;
    let fault = |access| (good, edge, access, kind);
    let told = |result: Result<(), Fault>| {
        let fault = result.unwrap_err();
        (fault.done, fault.addr, fault.access, fault.kind)
    };
    assert_eq!(told(copy_from_user(&mut buffer[..len], start)), fault(Access::Read));
    assert_eq!(told(copy_to_user(start, &buffer[..len])), fault(Access::Write));
    assert_eq!(told(fill_user(start, 0, len)), fault(Access::Write));
    assert_eq!(told(copy_in_user(buffer.as_mut_ptr().addr(), start, len)), fault(Access::Read));
    assert_eq!(told(copy_in_user(start, buffer.as_ptr().addr(), len)), fault(Access::Write));
}

const LENGTHS: [usize; 8] = [0, 1, 7, 16, 40, 100, 200, 480];

#[test]
fn the_end_of_a_truncated_file_is_a_bus_fault() {
    child::run(|| {
        install();
        let edge = truncated_file(10) + PAGE;
        for good in LENGTHS {
            every_operation_faults(edge, good, FaultKind::Bus);
        }
        assert_eq!(UserConstPtr::<u64>::from(edge).read().unwrap_err().kind, FaultKind::Bus);
        assert_eq!(UserPtr::<u64>::from(edge - 4).write(0).unwrap_err().done, 4);
    })
    .expect_success();
}

#[test]
fn a_thread_without_an_alternate_stack_recovers() {
    extern "C" fn body(_: *mut c_void) -> *mut c_void {
        // SAFETY: all zeroes is a stack's description.
        let mut stack = unsafe { mem::zeroed::<libc::stack_t>() };
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::sigaltstack(ptr::null(), &raw mut stack) }, 0);
        assert_ne!(stack.ss_flags & libc::SS_DISABLE, 0, "this thread has an alternate stack");
        for good in LENGTHS {
            every_operation_faults(good_then_bad(1) + PAGE, good, NO_ACCESS);
        }
        ptr::without_provenance_mut(42)
    }
    child::run(|| {
        install();
        let mut thread = mem::MaybeUninit::<libc::pthread_t>::uninit();
        let body: extern "C" fn(*mut c_void) -> *mut c_void = body;
        // SAFETY: `body` needs nothing. A panic in it would abort, which the parent sees.
        let status = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), body, ptr::null_mut()) };
        assert_eq!(status, 0);
        // SAFETY: the call succeeded, so it has filled it.
        let thread = unsafe { thread.assume_init() };
        let mut result = ptr::null_mut::<c_void>();
        // SAFETY: the thread exists and is joined once.
        assert_eq!(unsafe { libc::pthread_join(thread, &raw mut result) }, 0);
        assert_eq!(result.addr(), 42);
    })
    .expect_success();
}

/// Linux tells damaged memory by its page, not by the byte: wherever in the page a copy has come to, and on which side of
/// it, the page is the one. No user can damage memory, so each real fault is told so.
#[test]
fn damaged_memory_that_is_known_by_the_page_is_exact_wherever_a_copy_meets_it() {
    const LENGTHS: [usize; 12] = [8, 16, 33, 64, 65, 128, 500, 512, 513, 1000, 2000, 4096];
    const OFFSETS: [usize; 8] = [0, 1, 8, 63, 64, 100, 2048, 4000];
    static AXPTRS: AtomicUsize = AtomicUsize::new(0);
    /// What the kernel writes of such memory: a signal, a code, an address and its granularity.
    extern "C" fn damaged(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: SA_SIGINFO: valid.
        let told = unsafe { info.read() };
        // SAFETY: a fault has an address.
        let addr = unsafe { told.si_addr() }.addr() / PAGE * PAGE;
        let words = [libc::SIGBUS as u64, libc::BUS_MCEERR_AR as u64, addr as u64, u64::from(PAGE.ilog2())];
        let at = info.cast::<u64>();
        for (index, word) in words.into_iter().enumerate() {
            // SAFETY: the signal and the error number, the code, the address and what stands behind it, as <asm-generic/siginfo.h>
            // has them; nobody else refers to it.
            unsafe { at.wrapping_add(index).write(word) };
        }
        type ThreeArguments = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
        let axptrs = ptr::with_exposed_provenance::<()>(AXPTRS.load(SeqCst));
        // SAFETY: the scene has stored axptr's handler.
        let axptrs = unsafe { mem::transmute::<*const (), ThreeArguments>(axptrs) };
        axptrs(libc::SIGBUS, info, context);
    }
    child::run(|| {
        install();
        AXPTRS.store(disposition(libc::SIGBUS).0, SeqCst);
        set_three(libc::SIGSEGV, damaged, 0, &[]);
        let edge = good_then_bad(2) + 2 * PAGE;
        // Further than a copy reaches from the page that is damaged.
        let other = map(4, libc::PROT_READ | libc::PROT_WRITE).addr() + PAGE;
        let mut buffer = vec![0; 2 * PAGE];
        for path in axptr::internal::cpu_paths() {
            path.force();
            for len in LENGTHS {
                let inside = OFFSETS.map(|offset| (edge + offset, 0));
                let across = OFFSETS.map(|good| (edge - good.min(len - 1), good.min(len - 1)));
                for (start, good) in inside.into_iter().chain(across) {
                    let told = |result: Result<(), Fault>| {
                        let fault = result.unwrap_err();
                        (fault.done, fault.addr, fault.access, fault.kind)
                    };
                    let fault = |access| (good, start + good, access, FaultKind::Poison);
                    let (read, write) = (fault(Access::Read), fault(Access::Write));
                    assert_eq!(told(copy_from_user(&mut buffer[..len], start)), read, "{len}");
                    assert_eq!(told(copy_to_user(start, &buffer[..len])), write, "{len}");
                    assert_eq!(told(fill_user(start, 0, len)), write, "{len}");
                    assert_eq!(told(copy_in_user(other + start % PAGE, start, len)), read, "{len}");
                    assert_eq!(told(copy_in_user(start, other, len)), write, "{len}");
                }
            }
        }
    })
    .expect_success();
}

static EDGE: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn copy_inside(_: c_int) {
    for good in LENGTHS {
        every_operation_faults(EDGE.load(SeqCst), good, NO_ACCESS);
    }
    let mut word = [0; 8];
    assert_eq!(copy_from_user(&mut word, EDGE.load(SeqCst) - 8), Ok(()));
    CALLS.fetch_add(1, SeqCst);
}

#[test]
fn a_fault_on_an_alternate_stack_is_recovered_there() {
    extern "C" fn on_alternate_stack(signal: c_int) {
        // SAFETY: all zeroes is a stack's description.
        let mut stack = unsafe { mem::zeroed::<libc::stack_t>() };
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::sigaltstack(ptr::null(), &raw mut stack) }, 0);
        assert_ne!(stack.ss_flags & libc::SS_ONSTACK, 0, "this handler is not on the alternate stack");
        copy_inside(signal);
    }
    child::run(|| {
        const SIZE: usize = 16 * PAGE;
        let stack = libc::stack_t {
            ss_sp: map(SIZE / PAGE, libc::PROT_READ | libc::PROT_WRITE).cast(),
            ss_flags: 0,
            ss_size: SIZE,
        };
        // SAFETY: a mapping of that size, used by nobody else.
        assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
        EDGE.store(good_then_bad(1) + PAGE, SeqCst);
        set_one(libc::SIGUSR1, on_alternate_stack, libc::SA_ONSTACK, &[]);
        install();
        for _ in 0..100 {
            raise(libc::SIGUSR1);
        }
        assert_eq!(CALLS.load(SeqCst), 100);
    })
    .expect_success();
}

/// Faulting copies in a handler that interrupts faulting copies.
#[test]
fn a_handler_may_copy_in_the_middle_of_a_copy() {
    const ROUNDS: usize = 2000;
    child::run(|| {
        EDGE.store(good_then_bad(1) + PAGE, SeqCst);
        set_one(libc::SIGUSR1, copy_inside, 0, &[]);
        install();
        let edge = good_then_bad(1) + PAGE;
        let copier = thread_id();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    tgkill(copier, libc::SIGUSR1);
                    while CALLS.load(SeqCst) < round {
                        thread::yield_now();
                    }
                }
                done.store(true, SeqCst);
            });
            while !done.load(SeqCst) {
                LENGTHS.iter().for_each(|&good| every_operation_faults(edge, good, NO_ACCESS));
            }
        });
        assert_eq!(CALLS.load(SeqCst), ROUNDS);
    })
    .expect_success();
}

#[test]
fn faults_in_a_row_on_four_threads_at_once() {
    const FAULTS: usize = 100_000;
    child::run(|| {
        install();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for number in 0..4 {
                let barrier = &barrier;
                scope.spawn(move || {
                    let edge = good_then_bad(1) + PAGE;
                    barrier.wait();
                    for i in 0..FAULTS {
                        let good = (i + number) % 8;
                        let fault = UserConstPtr::<u64>::from(edge - good).read().unwrap_err();
                        assert_eq!((fault.done, fault.addr, fault.kind), (good, edge, NO_ACCESS));
                    }
                });
            }
        });
    })
    .expect_success();
}

#[test]
fn a_protection_key_fault_says_so_where_the_cpu_has_keys() {
    const PKEY_DISABLE_ACCESS: usize = 1;
    child::run(|| {
        install();
        // SAFETY: reserves a number.
        let key = unsafe { libc::syscall(libc::SYS_pkey_alloc, 0_usize, PKEY_DISABLE_ACCESS) };
        if key < 0 {
            println!(
                "scene: this CPU or kernel has no protection keys: their decoding is shown by the unit test in \
                 src/recovery/hosted/frame/x86_64.rs only"
            );
            return;
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let pages = map(2, protection);
        let denied = pages.wrapping_add(PAGE);
        // SAFETY: the page is ours; no reference to it exists.
        let status = unsafe { libc::syscall(libc::SYS_pkey_mprotect, denied, PAGE, protection, key) };
        assert_eq!(status, 0);
        for good in LENGTHS {
            every_operation_faults(denied.addr(), good, FaultKind::ProtectionKey);
        }
        println!("scene: faults by protection key {key} were recovered");
    })
    .expect_success();
}

/// A fault while the thread has the signal blocked: the kernel kills, whatever the disposition. The old handler's
/// mask makes such a place, so this says what to expect of copies there.
#[test]
fn a_fault_with_the_signal_blocked_ends_the_process() {
    child::run(|| {
        install();
        assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().done, 0);
        crate::handlers::block(&[libc::SIGSEGV]);
        println!("blocked");
        _ = copy_from_user(&mut [0; 8], NOWHERE);
        child::survived();
    })
    .expect_death(libc::SIGSEGV, "blocked");
}
