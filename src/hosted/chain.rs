// SPDX-License-Identifier: MIT OR Apache-2.0
//! Passing a signal on to the handler that was there before.
//!
//! Everything here runs in signal context: no lock, no allocation, only async-signal-safe calls.

use core::{
    cell::UnsafeCell,
    ffi::c_void,
    mem::{self, MaybeUninit},
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

use libc::{c_int, sigaction, siginfo_t, sigset_t, ucontext_t};

use super::{
    handler::Delivery,
    install::{address_of_handler, in_front_of, set_action},
};

/// The disposition that a signal had before ours. Versions are written to alternating slots, so that a
/// handler which interrupts the writer still reads a whole one.
struct Former {
    slots: UnsafeCell<[MaybeUninit<sigaction>; 2]>,
    version: AtomicUsize,
}

// SAFETY: readers copy the slot that the version names; the writer fills the other one first. Writers are
// `install`, one at a time, and `pass_on` after the former handler reset itself, on the way to the process's end.
unsafe impl Sync for Former {}

static SEGV: Former = Former::new();
static BUS: Former = Former::new();

impl Former {
    const fn new() -> Self {
        Self {
            slots: UnsafeCell::new([MaybeUninit::zeroed(), MaybeUninit::zeroed()]),
            version: AtomicUsize::new(0),
        }
    }

    fn of(signal: c_int) -> &'static Self {
        if signal == libc::SIGBUS { &BUS } else { &SEGV }
    }

    fn slot(&self, version: usize) -> *mut sigaction {
        let first = self.slots.get().cast::<sigaction>();
        // SAFETY: the array has two elements.
        unsafe { first.add(version % 2) }
    }

    fn load(&self) -> sigaction {
        let slot = self.slot(self.version.load(Ordering::Acquire));
        // SAFETY: the slot was filled before its version was published; all zeroes is SIG_DFL.
        unsafe { slot.read() }
    }

    fn store(&self, action: sigaction) {
        let next = self.version.load(Ordering::Relaxed).wrapping_add(1);
        let slot = self.slot(next);
        // SAFETY: readers use the other slot until the version changes.
        unsafe { slot.write(action) };
        self.version.store(next, Ordering::Release);
    }
}

/// Stores what ours has replaced, unless that was ours too.
pub(super) fn remember(signal: c_int, action: sigaction) {
    if action.sa_sigaction != address_of_handler() {
        Former::of(signal).store(action);
    }
}

/// What ours has replaced.
pub(super) fn former(signal: c_int) -> sigaction {
    Former::of(signal).load()
}

/// An action with nothing set: default disposition, no flags, empty mask.
pub(super) fn empty_action() -> sigaction {
    let action = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: integers, an integer array and a nullable function pointer: all may be zero.
    unsafe { action.assume_init() }
}

/// Gives the signal to the handler that was there before ours, as the kernel would have.
pub(super) fn pass_on(delivery: Delivery) {
    let former = former(delivery.signal);
    match former.sa_sigaction {
        libc::SIG_DFL => die(delivery),
        // The kernel ignores only what was sent: a fault would raise the signal forever, so it kills.
        libc::SIG_IGN if delivery.is_synchronous() => die(delivery),
        libc::SIG_IGN => {}
        handler => call(delivery, &former, handler),
    }
}

/// Ends the process by this signal: its default action.
fn die(delivery: Delivery) {
    let _ = set_action(delivery.signal, Some(&empty_action()));
    if !delivery.is_synchronous() {
        // SAFETY: raises a signal in this thread. It ends where the handler returns, which unblocks it.
        unsafe { libc::raise(delivery.signal) };
    }
    // The frame's instruction raises a synchronous one again, with its own address and code.
}

/// Calls the former handler with the mask and in the form that it was installed for. It is on its stack already:
/// see [`in_front_of`].
fn call(delivery: Delivery, former: &sigaction, handler: libc::sighandler_t) {
    if former.sa_flags & libc::SA_RESETHAND != 0 {
        Former::of(delivery.signal).store(empty_action());
    }
    // The return from the signal undoes this.
    set_mask(&mask_for(delivery, former));
    if former.sa_flags & libc::SA_SIGINFO != 0 {
        type ThreeArguments = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
        // SAFETY: SA_SIGINFO says that the address is one of such a function.
        let handler = unsafe { mem::transmute::<libc::sighandler_t, ThreeArguments>(handler) };
        handler(delivery.signal, delivery.info, delivery.context);
    } else {
        type OneArgument = extern "C" fn(c_int);
        // SAFETY: without SA_SIGINFO the address is one of such a function.
        let handler = unsafe { mem::transmute::<libc::sighandler_t, OneArgument>(handler) };
        handler(delivery.signal);
    }
    stay_in_front(delivery.signal);
}

/// What the kernel would have blocked for the former handler: what was blocked when the signal came, what the
/// handler asked for, and the signal itself.
fn mask_for(delivery: Delivery, former: &sigaction) -> sigset_t {
    let context = delivery.context.cast::<ucontext_t>();
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid context. It fills 64 signals of this set; what stands
    // in the rest of it is part of the frame, and nobody's signal.
    let mut blocked = unsafe { (*context).uc_sigmask };
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: a valid set and a valid number.
        let masked = unsafe { libc::sigismember(&raw const former.sa_mask, signal) } == 1;
        let itself = signal == delivery.signal && former.sa_flags & libc::SA_NODEFER == 0;
        if masked || itself {
            // SAFETY: as above.
            unsafe { libc::sigaddset(&raw mut blocked, signal) };
        }
    }
    blocked
}

fn set_mask(blocked: &sigset_t) {
    // SAFETY: a valid set; a handler may block and unblock what it likes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(blocked), ptr::null_mut()) };
}

/// A handler that gives up does so by resetting the disposition (std's does, for every signal but a stack
/// overflow). It means its own: remember that, and keep ours for the faults that we can recover.
fn stay_in_front(signal: c_int) {
    let Ok(now) = set_action(signal, None) else { return };
    if now.sa_sigaction == libc::SIG_DFL {
        Former::of(signal).store(now);
        let _ = set_action(signal, Some(&in_front_of(&now)));
    }
}
