// SPDX-License-Identifier: MIT OR Apache-2.0
//! Passes a signal on to the former handler.
//!
//! Everything here runs in signal context: no lock, no allocation, only async-signal-safe calls.

use core::{
    ffi::c_void,
    mem,
    sync::atomic::{AtomicUsize, Ordering},
};

use libc::{c_int, sighandler_t, siginfo_t, ucontext_t};

use super::{
    action::{self, Action, in_front_of},
    delivery::Delivery,
    former::Former,
};
use crate::recovery::trap::TrapFrame;

/// How often ours can come in front of somebody's handler that was not behind it before.
pub(super) const LINKS: usize = 8;

/// What stands behind our handlers, by the signal.
static SEGV: Formers = Formers::new();
static BUS: Formers = Formers::new();

/// The former handlers of one signal.
///
/// Each installation in front of another handler is a *link*: a handler address of our own, and the action that it
/// replaced. So the links of one image stand in the chain like those of several. If a handler came in front of ours,
/// passes on to it, and ours comes in front again, then the signal goes from the new link to that handler, from there
/// to the old link, and on to what was behind that.
struct Formers {
    links: [Former; LINKS],
    used: AtomicUsize,
}

impl Formers {
    const fn new() -> Self {
        Self { links: [const { Former::new() }; LINKS], used: AtomicUsize::new(0) }
    }

    fn of(signal: c_int) -> &'static Self {
        if signal == libc::SIGBUS { &BUS } else { &SEGV }
    }
}

/// Finds the link that is to stand in front of `action`, and stores the action in it. Only `install` calls it, one
/// thread at a time. None: all links are used.
///
/// No link that is new closes a circle, because nobody knows its address yet. And if the handler stood behind one of our
/// links before, that link takes its place again: then everything behind it is as it was.
pub(super) fn link_in_front_of(signal: c_int, action: Action) -> Option<usize> {
    let formers = Formers::of(signal);
    let used = formers.used.load(Ordering::Relaxed);
    let stands_before = |former: &Former| former.load().1.handler == action.handler;
    let link = formers.links[..used].iter().position(stands_before).unwrap_or(used);
    remember(signal, link, action)?;
    formers.used.store(used.max(link + 1), Ordering::Relaxed);
    Some(link)
}

/// Stores the action that a link has replaced. As above: one thread at a time.
pub(super) fn remember(signal: c_int, link: usize, action: Action) -> Option<()> {
    let former = Formers::of(signal).links.get(link)?;
    if former.load().1 != action {
        former.store(action);
    }
    Some(())
}

/// The action that a link has replaced.
pub(super) fn former(signal: c_int, link: usize) -> Action {
    Formers::of(signal).links[link].load().1
}

/// Passes the signal on to the handler that was installed before this link, as the kernel would have done. `ours` is the
/// link's own address.
pub(super) fn pass_on(delivery: Delivery, link: usize, ours: sighandler_t) {
    let former = &Formers::of(delivery.signal).links[link];
    let (version, action) = former.load();
    match action.address() {
        libc::SIG_DFL => die(delivery),
        // The kernel ignores only signals that were sent. If it forces an ignored signal on the thread, it kills the
        // process.
        libc::SIG_IGN if delivery.is_forced() => die(delivery),
        libc::SIG_IGN => {}
        // If several threads get the signal at once, only one of them calls the handler.
        _ if action.flags & libc::SA_RESETHAND != 0 && !former.reset(version) => die(delivery),
        _ => {
            // An instruction that raised the signal raises it again, if the former handler gives up. That ends the
            // process, whoever is in front. A handler with one argument cannot do much else than repair, so it costs more.
            let is_synchronous = delivery.is_synchronous();
            let matters = !is_synchronous || action.flags & libc::SA_SIGINFO == 0;
            let front = if matters { action::current(delivery.signal) } else { None };
            let pc = delivery.frame().pc();
            call(delivery, action);
            // One that has moved the program counter has handled the fault, and has not given up.
            if (!is_synchronous || delivery.frame().pc() == pc)
                && let Some(behind) = given_up(delivery.signal, front, action)
            {
                if behind == Action::DEFAULT {
                    former.reset(version);
                } else {
                    // With SA_RESETHAND it was reset before the call.
                    former.rearm(version);
                }
                stay_in_front(delivery.signal, front, behind, ours);
            }
        }
    }
}

/// Ends the process with this signal, as the default action does.
fn die(delivery: Delivery) {
    action::put(delivery.signal, Action::DEFAULT);
    if !delivery.is_synchronous() {
        // SAFETY: raises a signal in this thread. The signal stays blocked until the handler returns, and then ends the
        // process.
        unsafe { libc::raise(delivery.signal) };
    }
    // A synchronous signal needs no call: the interrupted instruction raises it again, with its own address and code.
}

/// Calls the former handler with its own mask, and in the form that it was installed for.
///
/// It runs on its own stack already: see [`in_front_of`].
fn call(delivery: Delivery, former: Action) {
    let callers = set_mask(mask_for(delivery, former));
    if former.flags & libc::SA_SIGINFO != 0 {
        type ThreeArguments = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
        // SAFETY: SA_SIGINFO guarantees that the pointer is a function of this type.
        let handler = unsafe { mem::transmute::<*mut (), ThreeArguments>(former.handler) };
        handler(delivery.signal, delivery.info, delivery.context);
    } else {
        type OneArgument = extern "C" fn(c_int);
        // SAFETY: without SA_SIGINFO, the pointer is a function of this type.
        let handler = unsafe { mem::transmute::<*mut (), OneArgument>(former.handler) };
        handler(delivery.signal);
    }
    // A handler that was installed after ours may have called us. It needs its own mask back.
    if !delivery.returns_to_kernel() {
        set_mask(callers);
    }
}

/// The mask that the kernel would have set for the former handler, as bits. It holds the signals that were blocked when
/// the signal came, the handler's own mask, and the signal itself.
fn mask_for(delivery: Delivery, former: Action) -> u64 {
    let context = delivery.context.cast::<ucontext_t>();
    // SAFETY: the kernel passes a SA_SIGINFO handler a valid context.
    let blocked = unsafe { &raw const (*context).uc_sigmask };
    // SAFETY: the kernel fills 64 signals of this set.
    let blocked = unsafe { blocked.cast::<u64>().read() };
    let own = if former.flags & libc::SA_NODEFER == 0 { 1 << (delivery.signal - 1) } else { 0 };
    blocked | former.mask | own
}

/// Sets this thread's mask, and returns the former mask.
///
/// The C library's function would do more than is needed here, and keeps signals of its own out of the mask.
fn set_mask(blocked: u64) -> u64 {
    let mut before = 0_u64;
    let (new, old) = (&raw const blocked, &raw mut before);
    // SAFETY: two sets of the kernel's size. A handler may block and unblock any signal.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, new, old, size_of::<u64>()) };
    before
}

/// What is behind our handler from now on, if the former handler has changed the signal's action.
///
/// Some handlers give up by resetting the action. std's does so for every signal but a stack overflow. Such a handler
/// means its own action. Others install themselves again, each time that they are called. They mean to stay, and need not
/// be in front for that. A third handler is left alone: perhaps another thread has put it in front at this moment, and it
/// passes on to ours.
#[inline(never)]
fn given_up(signal: c_int, front: Option<Action>, former: Action) -> Option<Action> {
    let now = action::current(signal)?;
    let was_front = front.is_some_and(|front| front.handler == now.handler);
    match now.address() {
        libc::SIG_DFL => Some(Action::DEFAULT),
        again if again == former.address() && !was_front => Some(former),
        _ => None,
    }
}

/// Puts back what was installed before the former handler ran, for the faults that can be recovered. It need not be ours:
/// it may be the handler of another copy of this crate, or anybody's who has called ours.
#[inline(never)]
fn stay_in_front(signal: c_int, front: Option<Action>, behind: Action, ours: sighandler_t) {
    // Not known, or reset on another thread at that moment: ours.
    let front = front.filter(|front| front.address() != libc::SIG_DFL);
    action::put(signal, front.unwrap_or_else(|| Action::of(&in_front_of(behind, ours))));
}
