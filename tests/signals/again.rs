// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers that come after ours: whether ours is in front, how it comes there again, and how it goes.

use std::{
    ffi::c_void,
    mem, ptr,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use axptr::{
    FaultKind, SelftestError, copy_from_user,
    hosted::{self, InstallError, UninstallError},
};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{
        BOTH, ThreeArguments, disposition, foreign_load, install, raise, set, set_one, set_three, without_std,
    },
    machine::FOREIGN_SIZE,
    memory::{NOWHERE, PAGE, map},
    registers::Registers,
};

static FIRST: AtomicUsize = AtomicUsize::new(0);
static LATER: AtomicUsize = AtomicUsize::new(0);
/// What the later handler passes on to.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Goes on behind a fault.
extern "C" fn first(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    FIRST.fetch_add(1, SeqCst);
    // SAFETY: SA_SIGINFO: valid.
    if unsafe { (*info).si_code } > 0 {
        // SAFETY: (1) SA_SIGINFO: a valid context, which nobody else refers to.
        unsafe { Registers::of(context) }.skip(FOREIGN_SIZE);
    }
}

/// Passes nothing on.
extern "C" fn later_alone(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    first(signal, info, context);
    FIRST.fetch_sub(1, SeqCst);
    LATER.fetch_add(1, SeqCst);
}

/// Passes all on to the handler that it has replaced, and comes back to it never twice for one signal.
extern "C" fn later_passing_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if LATER.fetch_add(1, SeqCst) > 100 {
        println!("a circle");
        // SAFETY: ends the process.
        unsafe { libc::_exit(3) };
    }
    let next = ptr::with_exposed_provenance::<()>(NEXT.load(SeqCst));
    // SAFETY: the scene has stored a handler of this form.
    let next = unsafe { mem::transmute::<*const (), ThreeArguments>(next) };
    next(signal, info, context);
}

fn calls() -> (usize, usize) {
    (FIRST.swap(0, SeqCst), LATER.swap(0, SeqCst))
}

fn replace(handler: ThreeArguments) {
    NEXT.store(disposition(libc::SIGSEGV).0, SeqCst);
    BOTH.iter().for_each(|&signal| set_three(signal, handler, 0, &[]));
}

#[track_caller]
fn recovers() {
    let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
    assert_eq!((fault.done, fault.kind), (0, FaultKind::NotPresent));
    assert_eq!(calls(), (0, 0), "it was passed on");
}

#[test]
fn a_handler_that_has_replaced_ours_gets_what_is_not_ours_when_ours_is_in_front_again() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, first, 0, &[]));
        assert!(!hosted::is_in_front());
        install();
        assert!(hosted::is_in_front());
        replace(later_alone);
        assert!(!hosted::is_in_front());
        install();
        assert!(hosted::is_in_front());
        recovers();
        for signal in BOTH {
            raise(signal);
            assert_eq!(calls(), (0, 1), "signal {signal}");
        }
        foreign_load(NOWHERE);
        assert_eq!(calls(), (0, 1));
    })
    .expect_success();
}

/// The later handler has ours for its next. If ours took it for the next in turn, with the same address, each would call
/// the other.
#[test]
fn a_handler_that_passes_on_to_ours_is_called_once_when_ours_is_in_front_again() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, first, 0, &[]));
        install();
        replace(later_passing_on);
        recovers_behind();
        install();
        assert!(hosted::is_in_front());
        recovers();
        for signal in BOTH {
            raise(signal);
            assert_eq!(calls(), (1, 1), "signal {signal}");
        }
        foreign_load(NOWHERE);
        assert_eq!(calls(), (1, 1));
        // One that comes and goes, and we after it each time: as before.
        for _ in 0..100 {
            let ours = disposition(libc::SIGSEGV).0;
            BOTH.iter().for_each(|&signal| set_three(signal, later_alone, 0, &[]));
            install();
            assert!(hosted::is_in_front());
            set_back(ours);
            raise(libc::SIGSEGV);
            assert_eq!(calls(), (1, 1));
        }
    })
    .expect_success();
}

/// How handlers were written for System V: the kernel resets the action before it calls one, which installs itself again.
extern "C" fn once_more(signal: c_int) {
    FIRST.fetch_add(1, SeqCst);
    // A foreign fault is its to repair: this one is given memory.
    let page = ptr::with_exposed_provenance_mut(NEXT.load(SeqCst));
    // SAFETY: a page of the scene's, or none.
    unsafe { libc::mprotect(page, PAGE, libc::PROT_READ) };
    set_one(signal, once_more, libc::SA_RESETHAND, &[]);
}

#[test]
fn a_handler_that_is_reset_and_installs_itself_again_is_called_each_time() {
    child::run(|| {
        let page = map(1, libc::PROT_NONE);
        NEXT.store(page.expose_provenance(), SeqCst);
        BOTH.iter().for_each(|&signal| set_one(signal, once_more, libc::SA_RESETHAND, &[]));
        install();
        for signal in BOTH {
            for _ in 0..3 {
                raise(signal);
                assert_eq!(calls(), (1, 0), "signal {signal}");
                assert!(hosted::is_in_front());
                recovers();
            }
        }
        for _ in 0..3 {
            // SAFETY: the scene's page.
            assert_eq!(unsafe { libc::mprotect(page.cast(), PAGE, libc::PROT_NONE) }, 0);
            // SAFETY: a byte of it; the handler lets it be read.
            assert_eq!(unsafe { page.cast::<u8>().read_volatile() }, 0);
            assert_eq!(calls(), (1, 0));
            recovers();
        }
    })
    .expect_success();
}

/// The handler in front of ours sees the fault, and ours behind it recovers.
fn recovers_behind() {
    assert!(!hosted::is_in_front());
    let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
    assert_eq!((fault.done, fault.kind), (0, FaultKind::NotPresent));
    assert_eq!(calls(), (0, 1));
}

fn set_back(handler: libc::sighandler_t) {
    BOTH.iter().for_each(|&signal| set(signal, handler, libc::SA_SIGINFO, &[]));
}

/// Each of them is another handler, so each needs a link of its own.
extern "C" fn numbered<const NUMBER: usize>(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    FIRST.fetch_add(NUMBER, SeqCst);
    first(signal, info, context);
}

#[test]
fn too_many_handlers_are_refused_and_nothing_is_changed() {
    let handlers: [ThreeArguments; 9] = [
        numbered::<10>,
        numbered::<20>,
        numbered::<30>,
        numbered::<40>,
        numbered::<50>,
        numbered::<60>,
        numbered::<70>,
        numbered::<80>,
        numbered::<90>,
    ];
    child::run(|| {
        for handler in &handlers[..8] {
            replace(*handler);
            install();
            assert!(hosted::is_in_front());
        }
        replace(handlers[8]);
        let before = BOTH.map(disposition);
        // SAFETY: (1) as for `install`.
        assert_eq!(unsafe { hosted::install() }, Err(InstallError::TooManyHandlers));
        assert_eq!(BOTH.map(disposition), before);
        assert!(!hosted::is_in_front());
        // Of one that was there before, there is a link.
        replace(handlers[3]);
        install();
        recovers();
        raise(libc::SIGBUS);
        assert_eq!(calls(), (41, 0));
    })
    .expect_success();
}

#[test]
fn what_was_there_before_comes_back_as_it_was() {
    child::run(|| {
        let flags = libc::SA_RESTART | libc::SA_NODEFER;
        set_three(libc::SIGSEGV, first, flags, &[libc::SIGUSR1]);
        set_one(libc::SIGBUS, one_argument, libc::SA_ONSTACK, &[]);
        let before = BOTH.map(disposition);
        assert_eq!(hosted::uninstall(), Err(UninstallError::NotInFront { signal: libc::SIGSEGV }));
        assert_eq!(BOTH.map(disposition), before);
        for _ in 0..20 {
            install();
            assert_eq!(axptr::selftest(), Ok(()));
            recovers();
            assert_eq!(hosted::uninstall(), Ok(()));
            assert_eq!(BOTH.map(disposition), before);
            assert!(!hosted::is_in_front());
            assert_eq!(axptr::selftest(), Err(SelftestError::NoHandler));
            assert_eq!(hosted::uninstall(), Err(UninstallError::NotInFront { signal: libc::SIGSEGV }));
        }
        raise(libc::SIGSEGV);
        raise(libc::SIGBUS);
        assert_eq!(calls(), (2, 0));
        println!("gone");
        set(libc::SIGSEGV, libc::SIG_DFL, 0, &[]);
        let _ = copy_from_user(&mut [0; 8], NOWHERE);
        child::survived();
    })
    .expect_death(libc::SIGSEGV, "gone");
}

extern "C" fn one_argument(_: c_int) {
    FIRST.fetch_add(1, SeqCst);
}

#[test]
fn ours_stays_while_another_handler_is_in_front_of_it() {
    for behind in BOTH {
        child::run_case(&behind.to_string(), || {
            BOTH.iter().for_each(|&signal| set_three(signal, first, 0, &[]));
            install();
            let ours = disposition(behind);
            NEXT.store(ours.0, SeqCst);
            set_three(behind, later_passing_on, 0, &[]);
            let before = BOTH.map(disposition);
            assert!(!hosted::is_in_front());
            assert_eq!(hosted::uninstall(), Err(UninstallError::NotInFront { signal: behind }));
            assert_eq!(BOTH.map(disposition), before);
            assert!(copy_from_user(&mut [0; 8], NOWHERE).is_err());
            set(behind, ours.0, ours.1, &[]);
            assert_eq!(hosted::uninstall(), Ok(()));
        })
        .expect_success();
    }
}

/// Ours is in front of somebody who passes on to ours: that one stays, and recovery with it.
#[test]
fn only_the_handler_in_front_goes() {
    child::run(|| {
        without_std();
        install();
        replace(later_passing_on);
        install();
        assert_eq!(hosted::uninstall(), Ok(()));
        assert_eq!(disposition(libc::SIGBUS).0, later_passing_on as ThreeArguments as libc::sighandler_t);
        recovers_behind();
    })
    .expect_success();
}

/// A handler that came later, and asks us.
#[test]
fn a_handler_that_asks_us_recovers_what_is_ours_and_nothing_else() {
    extern "C" fn asks(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: (1) these are the handler's arguments.
        if !unsafe { hosted::try_recover(signal, info, context) } {
            later_alone(signal, info, context);
        }
    }
    child::run(|| {
        install();
        replace(asks);
        recovers();
        for signal in BOTH {
            raise(signal);
            assert_eq!(calls(), (0, 1));
        }
        foreign_load(NOWHERE);
        assert_eq!(calls(), (0, 1));
    })
    .expect_success();
    child::run_case("alone", || {
        // SAFETY: (1) as for `install`.
        unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
        replace(asks);
        recovers();
        foreign_load(NOWHERE);
        assert_eq!(calls(), (0, 1));
    })
    .expect_success();
    // Of another signal nothing is looked at.
    // SAFETY: (1) no signal that we know: nothing is read.
    assert!(!unsafe { hosted::try_recover(libc::SIGUSR1, ptr::null_mut(), ptr::null_mut()) });
}

/// As handlers had to where the system reset the action itself.
#[test]
fn a_handler_that_installs_itself_each_time_stays_behind_ours() {
    extern "C" fn itself(signal: c_int) {
        set_one(signal, itself, 0, &[]);
        one_argument(signal);
    }
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_one(signal, itself, 0, &[]));
        install();
        for signal in BOTH {
            for _ in 0..3 {
                raise(signal);
                assert_eq!(calls(), (1, 0));
                assert!(hosted::is_in_front(), "after signal {signal}");
                recovers();
            }
        }
    })
    .expect_success();
}
