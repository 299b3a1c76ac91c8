// SPDX-License-Identifier: MIT OR Apache-2.0
//! Puts the handler in front of the former ones, once.

use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use libc::c_int;

use super::{
    action::{Action, Errno, in_front_of, set_action},
    chain, handler,
    pin::{Unloadable, pin},
    tables::{self, ImageTable, Unregistered},
    turn::Turn,
};
use crate::{
    extable::TableError,
    recovery::limit::{DEFAULT_USER_LIMIT, set_user_limit, user_limit},
};

/// Why faults are not recovered in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// The kernel refused to change the action of a signal. It does so for these signals only in a sandbox.
    Refused {
        /// The `errno` of `sigaction`.
        errno: i32,
    },
    /// `sigaction` said yes, and the signal has another handler. Some runtime keeps the signals for itself, as
    /// AddressSanitizer does with `handle_segv=2`. Or other threads install handlers of theirs all the time.
    Swallowed {
        /// SIGSEGV or SIGBUS.
        signal: i32,
    },
    /// Other handlers were put in front, and ours in front of them again, too often: it comes in front of eight different ones
    /// at most, the first included. Ours stay behind the last, and recover what it passes on.
    TooManyHandlers,
    /// More than 64 images use this crate's code from another image.
    TooManyImages,
    /// The loader does not keep the library, which may be unloaded. Then the kernel would call a handler that is not there.
    Unloadable,
    /// The exception table of the image that calls is wrong.
    Table(TableError),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { errno } => write!(f, "cannot install the fault handler: errno {errno}"),
            Self::Swallowed { signal } => write!(
                f,
                "sigaction has not installed the handler of signal {signal}: another part of the process keeps the \
                 signal (AddressSanitizer: handle_segv=1, handle_sigbus=1)"
            ),
            Self::TooManyHandlers => f.write_str("too many signal handlers have replaced the fault handler"),
            Self::TooManyImages => f.write_str("too many images share one copy of axptr"),
            Self::Unloadable => {
                f.write_str("the dynamic loader does not keep the library of the fault handler")
            }
            Self::Table(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InstallError {}

impl From<Errno> for InstallError {
    fn from(Errno(errno): Errno) -> Self {
        Self::Refused { errno }
    }
}

impl From<Unregistered> for InstallError {
    fn from(why: Unregistered) -> Self {
        match why {
            Unregistered::Wrong(error) => Self::Table(error),
            Unregistered::TooMany => Self::TooManyImages,
            Unregistered::Unloadable => Self::Unloadable,
        }
    }
}

/// Why [`uninstall`] has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UninstallError {
    /// Another handler is in front, and may pass on to ours. Who has installed it has to take it away first. Or ours was never
    /// installed, or is taken away already.
    NotInFront {
        /// SIGSEGV or SIGBUS.
        signal: i32,
    },
    /// The kernel refused to change the action of a signal.
    Refused {
        /// The `errno` of `sigaction`.
        errno: i32,
    },
}

impl fmt::Display for UninstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInFront { signal } => {
                write!(
                    f,
                    "the handler of signal {signal} is not axptr's: none was installed, or another may call it"
                )
            }
            Self::Refused { errno } => write!(f, "cannot take the fault handler away: errno {errno}"),
        }
    }
}

impl core::error::Error for UninstallError {}

impl From<Errno> for UninstallError {
    fn from(Errno(errno): Errno) -> Self {
        Self::Refused { errno }
    }
}

const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Whether the last that has happened is an `install` that succeeded.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Makes faults of this crate's accesses recoverable in this process, and sets the user limit.
///
/// It installs a handler for SIGSEGV and SIGBUS. All other faults go to the former handlers, with the same effect as
/// before. Their mask, their flags (`SA_ONSTACK`, `SA_NODEFER`, `SA_RESTART`, `SA_RESETHAND`) and their form (one
/// argument or three) still hold. The default action still ends the process with the same signal. std still reports a
/// stack overflow. A signal that a process sends is never taken for a fault.
///
/// A thread that blocks these signals cannot recover: the kernel ends the process at the thread's first fault. This
/// includes a former handler while it runs, unless it was installed with `SA_NODEFER`.
///
/// Any thread may call it, any number of times, but no signal handler. If ours is in front for both signals, a further
/// call changes nothing. If another handler has replaced ours meanwhile, ours comes in front of that, and passes on to it
/// what it does not know; see [`is_in_front`]. If no user limit was set before, the limit becomes
/// [`DEFAULT_USER_LIMIT`](crate::DEFAULT_USER_LIMIT).
///
/// The library that holds this crate stays loaded from then on, also behind `dlclose`. If several images share one copy
/// of the crate in a Rust `dylib`, each of them calls `install`: see the [module](crate::hosted#several-images).
///
/// See the [module](crate::hosted) for an example.
///
/// # Errors
///
/// Faults would not be recovered, or no better than before: [`InstallError`] says why. The signals' actions are as they were,
/// and a later call tries again.
///
/// # Safety
///
/// In a process, all its memory is in the user half. From this call on, safe code can pass any address to this crate,
/// which then reads or writes that memory. So:
///
/// 1. The process passes only addresses of suitable memory: shared mappings, guest memory, foreign pointers. No Rust
///    reference or allocation owns the memory while this crate writes it. The same holds while this crate reads it,
///    unless nothing writes it meanwhile.
// It has to be a part of the caller's image: see `ImageTable::of_caller`.
#[inline(always)]
pub unsafe fn install() -> Result<(), InstallError> {
    install_for(ImageTable::of_caller())
}

/// Installs the handler, and makes it search this image's table. Its caller is `install`'s, and answers for its condition.
#[inline(never)]
fn install_for(image: ImageTable) -> Result<(), InstallError> {
    let code = handler::address(0);
    pin(core::ptr::without_provenance(code)).map_err(|Unloadable| InstallError::Unloadable)?;
    let _turn = Turn::take();
    tables::register(image)?;
    let segv = put_in_front(libc::SIGSEGV)?;
    put_in_front(libc::SIGBUS).inspect_err(|_| {
        // A half installation would be worse than none. Who has come in front meanwhile stays there.
        if let Some(link) = segv {
            let _ = take_away(libc::SIGSEGV, link);
        }
    })?;
    if user_limit() == 0 {
        // SAFETY: (1) our caller answers for every address below the limit.
        unsafe { set_user_limit(DEFAULT_USER_LIMIT) };
    }
    INSTALLED.store(true, Ordering::Release);
    Ok(())
}

/// How often it is tried to come in front: another thread may do so at the same moment.
const TRIES: usize = 3;

/// Installs the handler for one signal, and returns its link; None if ours was in front.
fn put_in_front(signal: c_int) -> Result<Option<usize>, InstallError> {
    for _ in 1..TRIES {
        match try_to_put_in_front(signal) {
            Err(InstallError::Swallowed { .. }) => {}
            outcome => return outcome,
        }
    }
    try_to_put_in_front(signal)
}

/// The same, once. It stores the former action before the first signal can arrive.
fn try_to_put_in_front(signal: c_int) -> Result<Option<usize>, InstallError> {
    let now = set_action(signal, None)?;
    if handler::link_of(now.sa_sigaction).is_some() {
        return Ok(None);
    }
    let former = Action::of(&now);
    let link = chain::link_in_front_of(signal, former).ok_or(InstallError::TooManyHandlers)?;
    let ours = handler::address(link);
    let replaced = set_action(signal, Some(&in_front_of(former, ours)))?;
    let replaced =
        if handler::link_of(replaced.sa_sigaction).is_some() { former } else { Action::of(&replaced) };
    // Another thread may have changed the action between the two calls.
    chain::remember(signal, link, replaced);
    if set_action(signal, None)?.sa_sigaction == ours {
        Ok(Some(link))
    } else {
        Err(InstallError::Swallowed { signal })
    }
}

/// Whether this crate's handler is the first that the kernel calls for SIGSEGV and for SIGBUS.
///
/// If not, another handler has been installed after [`install`]. Faults are recovered all the same, if that handler
/// passes on what it does not know, or calls [`try_recover`](crate::hosted::try_recover). If it does neither, the first
/// bad pointer is its crash: call `install` again, or let it call `try_recover`.
///
/// Of several copies of this crate in one process, one is in front. The others stand behind it, and need not come in front
/// again: it passes on what is not its own.
pub fn is_in_front() -> bool {
    SIGNALS.into_iter().all(|signal| front(signal).is_ok_and(|link| link.is_some()))
}

/// The link in front, if it is one of ours.
fn front(signal: c_int) -> Result<Option<usize>, Errno> {
    set_action(signal, None).map(|action| handler::link_of(action.sa_sigaction))
}

/// Puts the former handlers of both signals back, if ours is in front.
///
/// From then on a fault of this crate's accesses is one of the process like any other: it ends the process, if the former
/// handler does. So the caller first ends all use of this crate. If a thread is inside an access or inside the handler
/// meanwhile, nothing dangles: the code stays loaded, and the handler goes on as before. But a fault may come too late for
/// it. The user limit stays; [`selftest`](crate::selftest()) tells that there is no handler. [`install`] may follow.
///
/// If ours came in front of another handler again, behind which an earlier one of ours stands, that handler is in front
/// afterwards, and ours behind it still recovers what it passes on.
///
/// # Errors
///
/// Another handler is in front. It may have stored the address of ours, so ours must stay. Then nothing is changed.
pub fn uninstall() -> Result<(), UninstallError> {
    let _turn = Turn::take();
    let mut links = [0; SIGNALS.len()];
    for (signal, link) in SIGNALS.into_iter().zip(&mut links) {
        *link = front(signal)?.ok_or(UninstallError::NotInFront { signal })?;
    }
    let [segv, bus] = links;
    take_away(libc::SIGSEGV, segv)?;
    take_away(libc::SIGBUS, bus).inspect_err(|_| {
        // One without the other would be no answer.
        let ours = in_front_of(chain::former(libc::SIGSEGV, segv), handler::address(segv));
        let _ = set_action(libc::SIGSEGV, Some(&ours));
    })?;
    INSTALLED.store(false, Ordering::Release);
    Ok(())
}

/// Puts back what a link has replaced.
fn take_away(signal: c_int, link: usize) -> Result<(), UninstallError> {
    let former = chain::former(signal, link).to_sigaction();
    let front = set_action(signal, Some(&former))?;
    if handler::link_of(front.sa_sigaction).is_some() {
        return Ok(());
    }
    // Another thread has put its own in front since we looked.
    let _ = set_action(signal, Some(&front));
    Err(UninstallError::NotInFront { signal })
}

/// Whether [`install`] has succeeded, and [`uninstall`] has not since.
pub(crate) fn is_installed() -> bool {
    INSTALLED.load(Ordering::Acquire)
}
