// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signal dispositions, sending, and faults that are none of axptr's.

use std::{
    ffi::c_void,
    mem::{self, MaybeUninit},
    process, ptr,
    sync::atomic::{AtomicI32, Ordering::SeqCst},
    thread,
};

use libc::{c_int, siginfo_t, sigset_t};

use crate::machine::{signals_foreign_load, signals_foreign_store};

/// The form of handler that SA_SIGINFO asks for.
pub(crate) type ThreeArguments = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
/// The form of handler without it.
pub(crate) type OneArgument = extern "C" fn(c_int);

pub(crate) const BOTH: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Installs axptr's handler.
pub(crate) fn install() {
    // SAFETY: (1) these scenes pass addresses of their own mappings and locals, and bad ones.
    unsafe { axptr::hosted::install() }.unwrap();
}

/// Sets a disposition; `handler` is a function or one of SIG_DFL and SIG_IGN.
pub(crate) fn set(signal: c_int, handler: libc::sighandler_t, flags: c_int, mask: &[c_int]) {
    // SAFETY: all zeroes is an action.
    let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    action.sa_mask = set_of(mask);
    // SAFETY: the handlers of these scenes do what a handler may.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);
}

pub(crate) fn set_three(signal: c_int, handler: ThreeArguments, flags: c_int, mask: &[c_int]) {
    set(signal, handler as libc::sighandler_t, flags | libc::SA_SIGINFO, mask);
}

pub(crate) fn set_one(signal: c_int, handler: OneArgument, flags: c_int, mask: &[c_int]) {
    set(signal, handler as libc::sighandler_t, flags, mask);
}

/// A process that std has not prepared: no handler for either signal.
pub(crate) fn without_std() {
    BOTH.iter().for_each(|&signal| set(signal, libc::SIG_DFL, 0, &[]));
}

/// The disposition as it is: handler and flags.
pub(crate) fn disposition(signal: c_int) -> (libc::sighandler_t, c_int) {
    // SAFETY: all zeroes is an action.
    let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
    // SAFETY: asks only.
    assert_eq!(unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) }, 0);
    // The kernel's flag for the C library's own return path is no business of ours.
    const SA_RESTORER: c_int = 0x0400_0000;
    (action.sa_sigaction, action.sa_flags & !SA_RESTORER)
}

pub(crate) fn set_of(signals: &[c_int]) -> sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: has room for a set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: a set is an array of integers.
    let mut set = unsafe { set.assume_init() };
    for &signal in signals {
        // SAFETY: a valid set and a valid number.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    set
}

/// The signals that the calling thread has blocked.
pub(crate) fn blocked() -> Vec<c_int> {
    let mut set = set_of(&[]);
    // SAFETY: asks only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut set) };
    // SAFETY: a valid set and a valid number.
    (1..32).filter(|&signal| unsafe { libc::sigismember(&raw const set, signal) } == 1).collect()
}

/// Blocks signals in the calling thread.
pub(crate) fn block(signals: &[c_int]) {
    let set = set_of(signals);
    // SAFETY: a valid set.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) };
}

/// Sends a signal to the calling thread, as `raise` does: it arrives before this returns.
pub(crate) fn raise(signal: c_int) {
    // SAFETY: the handlers of these scenes do what a handler may.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

/// Sends a signal to the process, as `kill` does. It has arrived when this returns: the main thread sends it, and the
/// kernel prefers a main thread that can take it.
///
/// From another thread it may reach any. Under qemu-user one is the emulator's own, which blocks every signal but what it
/// may raise itself, SIGSEGV among them. It takes the signal if the main thread, or what emulates it, blocks it for a
/// moment, and dies of it: qemu's handler looks for a guest thread there, and there is none. A C program of ten lines,
/// which sends itself SIGSEGV and handles it, ends so in one of 50 runs on a busy machine, and at once if it names that
/// thread.
pub(crate) fn kill(signal: c_int) {
    static WANTED: AtomicI32 = AtomicI32::new(0);
    extern "C" fn send(_: c_int) {
        // SAFETY: as above; the process is this one.
        assert_eq!(unsafe { libc::kill(process_id(), WANTED.load(SeqCst)) }, 0);
        WANTED.store(0, SeqCst);
    }
    let main = process_id();
    assert_ne!(main, thread_id(), "the harness runs tests on threads");
    set_one(libc::SIGUSR2, send, libc::SA_RESTART, &[]);
    WANTED.store(signal, SeqCst);
    tgkill(main, libc::SIGUSR2);
    while WANTED.load(SeqCst) != 0 {
        thread::yield_now();
    }
}

pub(crate) fn process_id() -> libc::pid_t {
    process::id() as libc::pid_t
}

/// The kernel's name of the calling thread.
pub(crate) fn thread_id() -> libc::pid_t {
    // SAFETY: asks only.
    unsafe { libc::gettid() }
}

/// Sends a signal to a thread of this process with `si_code` SI_TKILL.
pub(crate) fn tgkill(thread: libc::pid_t, signal: c_int) {
    // SAFETY: as for `raise`.
    let status = unsafe { libc::syscall(libc::SYS_tgkill, process_id(), thread, signal) };
    assert_eq!(status, 0);
}

/// Sends a signal to a thread of this process with a `si_code` of the sender's choice.
pub(crate) fn queue(thread: libc::pid_t, signal: c_int, code: c_int) {
    // SAFETY: all zeroes is a siginfo.
    let mut info = unsafe { mem::zeroed::<siginfo_t>() };
    info.si_signo = signal;
    info.si_code = code;
    let info = &raw const info;
    // SAFETY: as for `raise`.
    let status = unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, process_id(), thread, signal, info) };
    assert_eq!(status, 0);
}

/// Where [`foreign_load`] faults.
pub(crate) fn foreign_load_pc() -> usize {
    signals_foreign_load as unsafe extern "C" fn(usize) -> u64 as usize
}

/// Loads by an instruction that is in no table.
pub(crate) fn foreign_load(addr: usize) -> u64 {
    // SAFETY: a load changes nothing. What follows a fault is the scene's business.
    unsafe { signals_foreign_load(addr) }
}

/// Stores by an instruction that is in no table.
pub(crate) fn foreign_store(addr: usize, value: u64) {
    // SAFETY: the scene passes memory of its own, or a bad address.
    unsafe { signals_foreign_store(addr, value) }
}
