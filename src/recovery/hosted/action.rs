// SPDX-License-Identifier: MIT OR Apache-2.0
//! The action of a signal, converted from and to the kernel's `sigaction`, and the action that installs our handler.

use core::{mem::MaybeUninit, ptr};

use libc::{c_int, sigaction, sighandler_t, sigset_t};

/// The number of the kernel's signals: 1 to 64 on these machines.
const SIGNALS: u32 = u64::BITS;

/// The parts of a `sigaction` that `chain` needs to call a former handler as the kernel would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Action {
    /// `SIG_DFL`, `SIG_IGN` or a function. It is a pointer, because `chain` may call it.
    pub(super) handler: *mut (),
    pub(super) flags: c_int,
    /// The signals of its mask, as bits: bit 0 is signal 1.
    pub(super) mask: u64,
}

impl Action {
    /// The default action: no flags, empty mask.
    pub(super) const DEFAULT: Self = Self { handler: ptr::null_mut(), flags: 0, mask: 0 };

    pub(super) fn of(action: &sigaction) -> Self {
        let is_in_mask = |signal: &u32| {
            // SAFETY: a valid set and a number, of which the call judges itself.
            let answer = unsafe { libc::sigismember(&raw const action.sa_mask, *signal as c_int) };
            answer == 1
        };
        let mask = (1..=SIGNALS).filter(is_in_mask).fold(0, |mask, signal| mask | 1 << (signal - 1));
        // The code that installed the handler made an integer of its address, and so exposed the address.
        let handler = ptr::with_exposed_provenance_mut(action.sa_sigaction);
        Self { handler, flags: action.sa_flags, mask }
    }

    /// The handler as `sigaction` stores it.
    pub(super) fn address(self) -> sighandler_t {
        self.handler.addr()
    }

    pub(super) fn to_sigaction(self) -> sigaction {
        let action = MaybeUninit::<sigaction>::zeroed();
        // SAFETY: integers, an integer array and a nullable function pointer: all may be zero.
        let mut action = unsafe { action.assume_init() };
        action.sa_sigaction = self.handler.expose_provenance();
        action.sa_flags = self.flags;
        self.add_mask_to(&mut action.sa_mask);
        action
    }

    pub(super) fn add_mask_to(self, set: &mut sigset_t) {
        for signal in (1..=SIGNALS).filter(|signal| self.mask >> (signal - 1) & 1 != 0) {
            // SAFETY: a valid set and a number, of which the call judges itself.
            unsafe { libc::sigaddset(ptr::from_mut(set), signal as c_int) };
        }
    }
}

/// The `errno` of a call that the kernel refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errno(pub(super) i32);

/// Sets a signal's action, if `new` is given, and returns the former action.
pub(super) fn set_action(signal: c_int, new: Option<&sigaction>) -> Result<sigaction, Errno> {
    // A runtime that keeps a signal for itself may succeed without a word.
    let mut old = MaybeUninit::zeroed();
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or a valid action, and `old` has room for one. A handler in `new` keeps the contract of a
    // handler.
    let status = unsafe { sigaction(signal, new, old.as_mut_ptr()) };
    if status != 0 {
        // SAFETY: no conditions.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: the location is this thread's own.
        return Err(Errno(unsafe { errno.read() }));
    }
    // SAFETY: the call has filled `old`, or left it as it was: all may be zero.
    Ok(unsafe { old.assume_init() })
}

/// A signal's action as it is, for a handler.
///
/// It is short of stack: the C library's form of an action is large, and lives only in here.
#[inline(never)]
pub(super) fn current(signal: c_int) -> Option<Action> {
    set_action(signal, None).ok().map(|action| Action::of(&action))
}

/// Sets a signal's action, as above.
#[inline(never)]
pub(super) fn put(signal: c_int, action: Action) {
    let _ = set_action(signal, Some(&action.to_sigaction()));
}

/// The action that installs `ours`: on the former handler's stack, with all signals blocked.
///
/// No signal may interrupt our handler. A second signal would need stack, and std's alternate stack has no room for
/// two. And a handler that ran meanwhile could not recover from faults of its copies, because the signal is blocked.
/// `chain` sets the mask again for the former handler.
pub(super) fn in_front_of(former: Action, ours: sighandler_t) -> sigaction {
    let mut action = Action::DEFAULT.to_sigaction();
    action.sa_flags = libc::SA_SIGINFO
        | match former.address() {
            // An ignored signal must not interrupt a syscall.
            libc::SIG_DFL | libc::SIG_IGN => libc::SA_ONSTACK | libc::SA_RESTART,
            _ => former.flags & (libc::SA_ONSTACK | libc::SA_RESTART),
        };
    action.sa_sigaction = ours;
    // SAFETY: has room for a set.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    action
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_comes_back_as_it_was() {
        // Without 32 to 34: the C library reserves those signals, and keeps them out of sets.
        for mask in [0, 1, 1 << 10, 1 << 30 | 1 << 9, 1 << 63] {
            let action =
                Action { mask, handler: ptr::without_provenance_mut(0x1000), flags: libc::SA_NODEFER };
            assert_eq!(Action::of(&action.to_sigaction()), action);
        }
        assert_eq!(Action::of(&Action::DEFAULT.to_sigaction()), Action::DEFAULT);
    }
}
