// SPDX-License-Identifier: MIT OR Apache-2.0
//! The disposition that a signal had before ours, where any thread's handler can read it at any time.

use core::{
    mem::MaybeUninit,
    ptr,
    sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence},
};

use libc::{c_int, sigaction, sigset_t};

/// The signals that the kernel has: 1 to 64 on these machines.
const SIGNALS: u32 = u64::BITS;

/// What of a `sigaction` matters to who stands in for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Action {
    /// `SIG_DFL`, `SIG_IGN` or a function: a pointer, because it may come to be called.
    pub(super) handler: *mut (),
    pub(super) flags: c_int,
    /// The signals of its mask, as bits: the first is signal 1.
    mask: u64,
}

impl Action {
    /// The default disposition, no flags, empty mask.
    pub(super) const DEFAULT: Self = Self { handler: ptr::null_mut(), flags: 0, mask: 0 };

    pub(super) fn of(action: &sigaction) -> Self {
        let is_in_mask = |signal: &u32| {
            // SAFETY: a valid set and a number, of which the call judges itself.
            let answer = unsafe { libc::sigismember(&raw const action.sa_mask, *signal as c_int) };
            answer == 1
        };
        let mask = (1..=SIGNALS).filter(is_in_mask).fold(0, |mask, signal| mask | 1 << (signal - 1));
        // Whoever installed it made an integer of its address, and so has exposed it.
        let handler = ptr::with_exposed_provenance_mut(action.sa_sigaction);
        Self { handler, flags: action.sa_flags, mask }
    }

    /// The handler as `sigaction` has it.
    pub(super) fn address(self) -> libc::sighandler_t {
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

/// The action that ours has replaced.
///
/// It has one writer, `install`, one at a time. Versions are written to alternating slots, so that a handler which
/// interrupts the writer still reads a whole one. A handler never writes a slot: it says which version has reset
/// itself.
pub(super) struct Former {
    slots: [Slot; 2],
    version: AtomicUsize,
    /// The last version that was reset to the default. The first is nobody's, and is so from the start.
    reset: AtomicUsize,
}

struct Slot {
    handler: AtomicPtr<()>,
    flags: AtomicI32,
    mask: AtomicU64,
}

impl Former {
    pub(super) const fn new() -> Self {
        const fn slot() -> Slot {
            let handler = AtomicPtr::new(ptr::null_mut());
            Slot { handler, flags: AtomicI32::new(0), mask: AtomicU64::new(0) }
        }
        Self { slots: [slot(), slot()], version: AtomicUsize::new(0), reset: AtomicUsize::new(0) }
    }

    /// The action, and the version that it is.
    pub(super) fn load(&self) -> (usize, Action) {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let slot = &self.slots[version % 2];
            let handler = slot.handler.load(Ordering::Relaxed);
            let flags = slot.flags.load(Ordering::Relaxed);
            let mask = slot.mask.load(Ordering::Relaxed);
            // Pairs with the fence in `store`: whoever has read of a later version's fields sees a later version.
            fence(Ordering::Acquire);
            if self.version.load(Ordering::Relaxed) != version {
                // Two stores on another thread. One that this handler has interrupted is not one of them: it writes the
                // other slot, or has published this one.
                continue;
            }
            let is_reset = self.reset.load(Ordering::Relaxed) == version;
            return (version, if is_reset { Action::DEFAULT } else { Action { handler, flags, mask } });
        }
    }

    /// Stores a new action. To be called by one thread at a time, and not in a handler.
    pub(super) fn store(&self, action: Action) {
        let next = self.version.load(Ordering::Relaxed) + 1;
        let slot = &self.slots[next % 2];
        fence(Ordering::Release);
        slot.handler.store(action.handler, Ordering::Relaxed);
        slot.flags.store(action.flags, Ordering::Relaxed);
        slot.mask.store(action.mask, Ordering::Relaxed);
        self.version.store(next, Ordering::Release);
    }

    /// Makes the default of this version, for any thread's handler; true for the first that does.
    ///
    /// A version that is no longer the last is left behind: what came after it has not reset itself.
    pub(super) fn reset(&self, version: usize) -> bool {
        self.reset.fetch_max(version, Ordering::Relaxed) < version
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{sync::Barrier, thread};

    use super::*;

    /// An action of which each part tells the number.
    fn numbered(number: usize) -> Action {
        Action { handler: ptr::without_provenance_mut(number), flags: number as c_int, mask: number as u64 }
    }

    #[test]
    fn an_action_comes_back_as_it_was() {
        // Not 32 to 34: the C library keeps those for itself, and out of sets.
        for mask in [0, 1, 1 << 10, 1 << 30 | 1 << 9, 1 << 63] {
            let action = Action { mask, ..numbered(libc::SA_NODEFER as usize) };
            assert_eq!(Action::of(&action.to_sigaction()), action);
        }
        assert_eq!(Action::of(&Action::DEFAULT.to_sigaction()), Action::DEFAULT);
    }

    #[test]
    fn a_version_is_reset_once_and_takes_no_later_one_with_it() {
        let former = Former::new();
        assert_eq!(former.load(), (0, Action::DEFAULT));
        assert!(!former.reset(0), "nothing was stored: there is nothing to reset");
        former.store(numbered(7));
        let (first, action) = former.load();
        assert_eq!(action, numbered(7));
        former.store(numbered(8));
        // A handler of the first version, late.
        assert!(former.reset(first));
        let (second, action) = former.load();
        assert_eq!(action, numbered(8));
        assert!(former.reset(second));
        assert!(!former.reset(second));
        assert!(!former.reset(first));
        assert_eq!(former.load(), (second, Action::DEFAULT));
        former.store(numbered(9));
        assert_eq!(former.load().1, numbered(9));
    }

    /// Handlers on four threads get the signal at once: SA_RESETHAND calls one of them.
    #[test]
    fn one_of_several_threads_resets() {
        for _ in 0..200 {
            let former = Former::new();
            former.store(numbered(7));
            let barrier = Barrier::new(4);
            let handler = || {
                barrier.wait();
                let (version, action) = former.load();
                usize::from(action != Action::DEFAULT && former.reset(version))
            };
            let calls: usize = thread::scope(|scope| {
                let threads = [(); 4].map(|()| scope.spawn(handler));
                threads.map(|thread| thread.join().unwrap()).iter().sum()
            });
            assert_eq!(calls, 1);
            assert_eq!(former.load().1, Action::DEFAULT);
        }
    }

    #[test]
    fn a_reader_sees_whole_actions_whatever_the_writer_does() {
        let rounds = if cfg!(miri) { 50 } else { 500_000 };
        let former = Former::new();
        former.store(numbered(1));
        thread::scope(|scope| {
            let readers = [(); 2].map(|()| {
                scope.spawn(|| {
                    let mut last = 0;
                    for _ in 0..rounds {
                        let (version, action) = former.load();
                        assert!(version >= last);
                        last = version;
                        assert!(action == numbered(version) || action == Action::DEFAULT);
                        if version % 8 == 0 {
                            former.reset(version);
                        }
                    }
                })
            });
            let mut number = 2;
            while !readers.iter().all(|reader| reader.is_finished()) {
                former.store(numbered(number));
                number += 1;
            }
        });
    }
}
