// SPDX-License-Identifier: MIT OR Apache-2.0
//! Passing a signal on to the handler that was there before.
//!
//! Everything here runs in signal context: no lock, no allocation, only async-signal-safe calls.

use core::{
    ffi::c_void,
    mem::{self, MaybeUninit},
    ptr,
};

use libc::{c_int, sigaction, sighandler_t, siginfo_t, sigset_t, ucontext_t};

use super::{
    action::{Action, in_front_of, set_action},
    delivery::Delivery,
    former::Former,
};

static SEGV: Former = Former::new();
static BUS: Former = Former::new();

fn former_of(signal: c_int) -> &'static Former {
    if signal == libc::SIGBUS { &BUS } else { &SEGV }
}

/// Stores what `ours` has replaced, unless that was ours too. For `install`, which is one at a time.
pub(super) fn remember(signal: c_int, action: &sigaction, ours: sighandler_t) {
    if action.sa_sigaction != ours {
        former_of(signal).store(Action::of(action));
    }
}

/// What ours has replaced.
pub(super) fn former(signal: c_int) -> Action {
    former_of(signal).load().1
}

/// Gives the signal to the handler that was there before `ours`, as the kernel would have.
pub(super) fn pass_on(delivery: Delivery, ours: sighandler_t) {
    let former = former_of(delivery.signal);
    let (version, action) = former.load();
    match action.address() {
        libc::SIG_DFL => die(delivery),
        // The kernel ignores only what was sent: what it forces on the thread, it kills for.
        libc::SIG_IGN if delivery.is_forced() => die(delivery),
        libc::SIG_IGN => {}
        // Of two threads that get the signal at once, one is the first.
        _ if action.flags & libc::SA_RESETHAND != 0 && !former.reset(version) => die(delivery),
        _ => call(delivery, version, action, ours),
    }
}

/// Ends the process by this signal: its default action.
fn die(delivery: Delivery) {
    let _ = set_action(delivery.signal, Some(&Action::DEFAULT.to_sigaction()));
    if !delivery.is_synchronous() {
        // SAFETY: raises a signal in this thread. It ends where the handler returns, which unblocks it.
        unsafe { libc::raise(delivery.signal) };
    }
    // The frame's instruction raises a synchronous one again, with its own address and code.
}

/// Calls the former handler with the mask and in the form that it was installed for. It is on its stack already:
/// see [`in_front_of`].
fn call(delivery: Delivery, version: usize, former: Action, ours: sighandler_t) {
    // A handler that was installed after ours may have called it: it wants its own mask back.
    let callers = set_mask(&mask_for(delivery, former));
    if former.flags & libc::SA_SIGINFO != 0 {
        type ThreeArguments = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
        // SAFETY: SA_SIGINFO says that the pointer is to such a function.
        let handler = unsafe { mem::transmute::<*mut (), ThreeArguments>(former.handler) };
        handler(delivery.signal, delivery.info, delivery.context);
    } else {
        type OneArgument = extern "C" fn(c_int);
        // SAFETY: without SA_SIGINFO the pointer is to one of such a function.
        let handler = unsafe { mem::transmute::<*mut (), OneArgument>(former.handler) };
        handler(delivery.signal);
    }
    set_mask(&callers);
    stay_in_front(delivery.signal, version, ours);
}

/// What the kernel would have blocked for the former handler: what was blocked when the signal came, what the
/// handler asked for, and the signal itself.
fn mask_for(delivery: Delivery, former: Action) -> sigset_t {
    let context = delivery.context.cast::<ucontext_t>();
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid context. It fills 64 signals of this set; what stands
    // in the rest of it is part of the frame, and nobody's signal.
    let mut blocked = unsafe { (*context).uc_sigmask };
    former.add_mask_to(&mut blocked);
    if former.flags & libc::SA_NODEFER == 0 {
        // SAFETY: a valid set and a valid number.
        unsafe { libc::sigaddset(&raw mut blocked, delivery.signal) };
    }
    blocked
}

/// Sets this thread's mask, and returns the one before.
fn set_mask(blocked: &sigset_t) -> sigset_t {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: a valid set, and room for one; a handler may block and unblock what it likes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(blocked), before.as_mut_ptr()) };
    // SAFETY: the call fails for an unknown first argument only; it has filled the 64 signals that there are, and the
    // rest is zeroes.
    unsafe { before.assume_init() }
}

/// A handler that gives up does so by resetting the disposition (std's does, for every signal but a stack
/// overflow). It means its own: remember that, and keep ours for the faults that we can recover.
fn stay_in_front(signal: c_int, version: usize, ours: sighandler_t) {
    let Ok(now) = set_action(signal, None) else { return };
    if now.sa_sigaction == libc::SIG_DFL {
        former_of(signal).reset(version);
        let _ = set_action(signal, Some(&in_front_of(Action::DEFAULT, ours)));
    }
}
