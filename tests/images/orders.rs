// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program with axptr beside a library that handles SIGSEGV, too. The arguments name the library, and when it installs
//! its handler.

use std::{
    env,
    ffi::c_void,
    mem, ptr,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use axptr::{FaultKind, UserConstPtr, hosted};
use libc::{c_int, siginfo_t};

/// How often the library's handler was called.
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn install() {
    // SAFETY: (1) nothing is mapped where this program reads.
    unsafe { hosted::install() }.unwrap();
}

/// A bad pointer of ours is an error.
fn recovers() {
    let fault = UserConstPtr::<u32>::from(0x18).read().unwrap_err();
    assert_eq!((fault.addr, fault.kind), (0x18, FaultKind::NotPresent));
    assert!(axptr::copy_from_user(&mut [0; 300], 0x18).is_err());
}

/// What [`recovers`] needs of handlers.
const FAULTS: usize = 2;

/// Sends this thread a SIGSEGV: not ours.
fn send() {
    // SAFETY: what a handler makes of it is the scene's business.
    assert_eq!(unsafe { libc::raise(libc::SIGSEGV) }, 0);
}

fn calls() -> usize {
    CALLS.swap(0, SeqCst)
}

extern "C" fn count(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    CALLS.fetch_add(1, SeqCst);
}

extern "C" fn count_or_recover(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) these are the handler's arguments.
    if !unsafe { hosted::try_recover(signal, info, context) } {
        count(signal, info, context);
    }
}

fn by_nix(handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void)) {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    let action = SigAction::new(SigHandler::SigAction(handler), SaFlags::SA_ONSTACK, SigSet::empty());
    // SAFETY: the handlers only count.
    unsafe { sigaction(Signal::SIGSEGV, &action) }.unwrap();
}

fn by_signal_hook() {
    let action = || _ = CALLS.fetch_add(1, SeqCst);
    // SAFETY: the action only counts.
    unsafe { signal_hook_registry::register_signal_unchecked(libc::SIGSEGV, action) }.unwrap();
}

/// Its handler ends by an action of the library's own choice, which is the one before.
fn by_crash_handler() -> crash_handler::CrashHandler {
    let event = |_: &crash_handler::CrashContext| {
        println!("crash report");
        CALLS.fetch_add(1, SeqCst);
        crash_handler::CrashEventResult::Handled(true)
    };
    // SAFETY: the event is called in a signal handler, and this program bears that.
    let event = unsafe { crash_handler::make_crash_event(event) };
    crash_handler::CrashHandler::attach(event).unwrap()
}

/// As Python's faulthandler does it: reports, puts the former handler back, and raises the signal again.
mod faulthandler {
    use super::*;

    static FORMER: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn handler(signal: c_int) {
        println!("fault report");
        CALLS.fetch_add(1, SeqCst);
        set(FORMER.load(SeqCst), libc::SA_SIGINFO);
        // SAFETY: a signal to this thread.
        unsafe { libc::raise(signal) };
    }

    pub(super) fn enable() {
        let former = set(handler as extern "C" fn(c_int) as usize, libc::SA_NODEFER);
        FORMER.store(former, SeqCst);
    }
}

fn set(handler: usize, flags: c_int) -> usize {
    // SAFETY: all zero is an action.
    let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: all zero is an action.
    let mut old = unsafe { mem::zeroed::<libc::sigaction>() };
    // SAFETY: two actions.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::from_mut(&mut old)) }, 0);
    old.sa_sigaction
}

/// Ours is in front: it recovers, and the library hears nothing of that, and all else.
fn ours_is_in_front() {
    assert!(hosted::is_in_front());
    recovers();
    assert_eq!(calls(), 0);
    send();
    assert_eq!(calls(), 1);
    recovers();
    assert_eq!(calls(), 0);
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match [&*args[0], &*args[1]] {
        ["nix", "before"] => {
            by_nix(count);
            install();
            ours_is_in_front();
        }
        ["nix", "after, asking"] => {
            install();
            by_nix(count_or_recover);
            assert!(!hosted::is_in_front());
            recovers();
            assert_eq!(calls(), 0);
            send();
            assert_eq!(calls(), 1);
        }
        ["nix", "after, then install"] => {
            install();
            by_nix(count);
            assert!(!hosted::is_in_front());
            install();
            ours_is_in_front();
        }
        ["signal-hook", "before"] => {
            by_signal_hook();
            install();
            // It first calls what was there before itself: std's, which gives up by a reset.
            ours_is_in_front();
        }
        ["signal-hook", "after"] => {
            install();
            by_signal_hook();
            assert!(!hosted::is_in_front());
            recovers();
            // It passes on to us, and calls its own actions whatever becomes of it.
            assert_eq!(calls(), FAULTS);
        }
        ["signal-hook", "after, then install"] => {
            install();
            by_signal_hook();
            install();
            ours_is_in_front();
        }
        ["crash-handler", "before"] => {
            let _handler = by_crash_handler();
            install();
            recovers();
            assert_eq!(calls(), 0);
            println!("now a crash");
            // SAFETY: a crash.
            unsafe { ptr::without_provenance::<u8>(0x18).read_volatile() };
        }
        ["crash-handler", "after"] => {
            install();
            let _handler = by_crash_handler();
            println!("now a fault of ours");
            recovers();
        }
        ["crash-handler", "after, then install"] => {
            install();
            let handler = by_crash_handler();
            install();
            recovers();
            assert_eq!((calls(), hosted::is_in_front()), (0, true));
            println!("now a crash");
            send();
            send();
        }
        ["crash-handler", "after, then install, then gone"] => {
            install();
            let handler = by_crash_handler();
            install();
            // It puts back what was there before: that is ours, the earlier one.
            handler.detach();
            assert!(hosted::is_in_front());
            recovers();
        }
        ["crash-handler", "before, then gone"] => {
            let handler = by_crash_handler();
            install();
            handler.detach();
            assert!(!hosted::is_in_front());
            install();
            assert!(hosted::is_in_front());
            recovers();
            assert_eq!(calls(), 0);
        }
        ["faulthandler", "before"] => {
            faulthandler::enable();
            install();
            recovers();
            assert_eq!(calls(), 0);
            println!("now a crash");
            send();
        }
        ["faulthandler", "after"] => {
            install();
            faulthandler::enable();
            println!("now a fault of ours");
            recovers();
        }
        ["faulthandler", "after, then install"] => {
            install();
            faulthandler::enable();
            install();
            recovers();
            assert_eq!(calls(), 0);
            println!("now a crash");
            send();
        }
        scene => panic!("{scene:?}"),
    }
    println!("the end");
}
