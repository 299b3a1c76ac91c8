// SPDX-License-Identifier: MIT OR Apache-2.0
//! `src/recovery/hosted/former.rs` before a model checker: signals come to all threads at any time, and a handler reads the
//! action that it passes a signal on to while another thread stores the next one. The machines that tests run on, and
//! emulators, show few of the orders that a weak machine may show; here each is tried.
#![cfg(test)]

/// What the file takes from `core`.
mod core {
    pub(crate) use ::core::ptr;

    pub(crate) mod sync {
        pub(crate) use loom::sync::atomic;
    }
}

mod hosted {
    /// The parts that `former` keeps.
    pub(super) mod action {
        use std::ptr;

        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::hosted) struct Action {
            pub(in crate::hosted) handler: *mut (),
            pub(in crate::hosted) flags: i32,
            pub(in crate::hosted) mask: u64,
        }

        impl Action {
            pub(in crate::hosted) const DEFAULT: Self = Self { handler: ptr::null_mut(), flags: 0, mask: 0 };
        }
    }

    mod former {
        include!(concat!(env!("OUT_DIR"), "/former.rs"));
    }

    mod tests {
        use std::ptr;

        use loom::{sync::Arc, thread};

        use super::{action::Action, former::Former};

        /// An action with this number in each part.
        fn numbered(number: usize) -> Action {
            Action { handler: ptr::without_provenance_mut(number), flags: number as i32, mask: number as u64 }
        }

        /// The file's values that threads share.
        fn with_one_stored() -> Arc<Former> {
            let former = Arc::new(Former::new());
            former.store(numbered(1));
            former
        }

        #[test]
        fn a_handler_reads_a_whole_action_in_each_interleaving() {
            loom::model(|| {
                let former = with_one_stored();
                let stores = former.clone();
                // The second of these goes to the slot of the one that is there.
                let writer = thread::spawn(move || [2, 3].map(|number| stores.store(numbered(number))));
                let mut last = 0;
                for _ in 0..2 {
                    let (version, action) = former.load();
                    assert_eq!(action, numbered(version));
                    assert!(version >= last, "{version} behind {last}");
                    last = version;
                }
                writer.join().expect("it only stores");
                assert_eq!(former.load(), (3, numbered(3)));
            });
        }

        #[test]
        fn one_of_two_handlers_resets_in_each_interleaving() {
            loom::model(|| {
                let former = with_one_stored();
                let handler = |former: &Former| {
                    let (version, action) = former.load();
                    usize::from(action != Action::DEFAULT && former.reset(version))
                };
                let shared = former.clone();
                let other = thread::spawn(move || handler(&shared));
                let calls = handler(&former) + other.join().expect("it only resets");
                assert_eq!(calls, 1);
                assert_eq!(former.load(), (1, Action::DEFAULT));
            });
        }

        #[test]
        fn a_handler_that_installs_itself_again_leaves_a_later_action_as_it_is() {
            loom::model(|| {
                let former = with_one_stored();
                let shared = former.clone();
                let handler = thread::spawn(move || {
                    assert!(shared.reset(1));
                    shared.rearm(1);
                    let (version, action) = shared.load();
                    assert_eq!(action, numbered(version));
                });
                former.store(numbered(2));
                handler.join().expect("it does no more");
                assert_eq!(former.load(), (2, numbered(2)));
            });
        }

        #[test]
        fn a_later_reset_outlives_what_an_earlier_handler_does() {
            loom::model(|| {
                let former = with_one_stored();
                let shared = former.clone();
                let handler = thread::spawn(move || {
                    if shared.reset(1) {
                        shared.rearm(1);
                    }
                });
                former.store(numbered(2));
                assert!(former.reset(2));
                handler.join().expect("it does no more");
                assert_eq!(former.load(), (2, Action::DEFAULT));
            });
        }

        #[test]
        fn a_late_reset_takes_no_later_action_with_it_in_any_interleaving() {
            loom::model(|| {
                let former = with_one_stored();
                let shared = former.clone();
                let handler = thread::spawn(move || {
                    let (version, _) = shared.load();
                    assert!(shared.reset(version));
                    version
                });
                former.store(numbered(2));
                let reset = handler.join().expect("it only resets");
                let expected = if reset == 2 { Action::DEFAULT } else { numbered(2) };
                assert_eq!(former.load(), (2, expected));
            });
        }
    }
}
