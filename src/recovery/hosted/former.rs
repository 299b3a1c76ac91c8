// SPDX-License-Identifier: MIT OR Apache-2.0
//! The action that a signal had before our handler. The handler of any thread can read it at any time.

use core::{
    ptr,
    sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence},
};

use super::action::Action;

/// The action that our handler replaced.
///
/// Its only writer is `install`, one thread at a time. The writer puts versions into alternating slots. So a handler
/// that interrupts the writer still reads a whole version. A handler never writes a slot; it only stores the number of
/// a version that was reset.
pub(super) struct Former {
    slots: [Slot; 2],
    version: AtomicUsize,
    /// The last version that was reset to the default. It starts as 0: version 0 is the default itself.
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

    /// The action and its version.
    pub(super) fn load(&self) -> (usize, Action) {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let slot = &self.slots[version % 2];
            let handler = slot.handler.load(Ordering::Relaxed);
            let flags = slot.flags.load(Ordering::Relaxed);
            let mask = slot.mask.load(Ordering::Relaxed);
            // Pairs with the fence in `store`: if a load above read a field of a later version, the load below sees a
            // later version.
            fence(Ordering::Acquire);
            if self.version.load(Ordering::Relaxed) != version {
                // Another thread has stored twice meanwhile. A store that this handler interrupted cannot do this: it
                // writes the other slot, or has already published this one.
                continue;
            }
            let is_reset = self.reset.load(Ordering::Relaxed) == version;
            return (version, if is_reset { Action::DEFAULT } else { Action { handler, flags, mask } });
        }
    }

    /// Stores a new action. Only one thread may call it at a time, and never in a handler.
    pub(super) fn store(&self, action: Action) {
        let next = self.version.load(Ordering::Relaxed) + 1;
        let slot = &self.slots[next % 2];
        fence(Ordering::Release);
        slot.handler.store(action.handler, Ordering::Relaxed);
        slot.flags.store(action.flags, Ordering::Relaxed);
        slot.mask.store(action.mask, Ordering::Relaxed);
        self.version.store(next, Ordering::Release);
    }

    /// Resets this version to the default action, for the handlers of all threads. Returns true for the first caller
    /// only.
    ///
    /// If the version is no longer the last, a later version stays as it is.
    pub(super) fn reset(&self, version: usize) -> bool {
        self.reset.fetch_max(version, Ordering::Relaxed) < version
    }

    /// Takes the reset of this version back: its handler has installed itself again.
    pub(super) fn rearm(&self, version: usize) {
        // A later version was not reset by whoever calls.
        let _ = self.reset.compare_exchange(version, version - 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{sync::Barrier, thread};

    use libc::c_int;

    use super::*;

    /// An action with this number in each part.
    fn numbered(number: usize) -> Action {
        Action { handler: ptr::without_provenance_mut(number), flags: number as c_int, mask: number as u64 }
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
        // A late handler of the first version.
        assert!(former.reset(first));
        let (second, action) = former.load();
        assert_eq!(action, numbered(8));
        assert!(former.reset(second));
        assert!(!former.reset(second));
        assert!(!former.reset(first));
        assert_eq!(former.load(), (second, Action::DEFAULT));
        // Its handler has installed itself again: once more.
        former.rearm(first);
        assert_eq!(former.load(), (second, Action::DEFAULT), "that was another version");
        former.rearm(second);
        assert_eq!(former.load(), (second, numbered(8)));
        assert!(former.reset(second) && !former.reset(second));
        former.store(numbered(9));
        assert_eq!(former.load().1, numbered(9));
    }

    /// Handlers on four threads get the signal at once. With SA_RESETHAND, only one of them may call the former
    /// handler.
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
