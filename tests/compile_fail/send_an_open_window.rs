// SPDX-License-Identifier: MIT OR Apache-2.0
//! A guard of the window belongs to the task that has opened it: another one would close its own.

// It is a kernel's, and this test a process: so the file itself, on a machine without a window.
#[expect(dead_code)]
#[path = "../../src/recovery/window.rs"]
mod window;

mod arch {
    pub mod inline {
        #[derive(Clone, Copy, Debug)]
        pub struct Window;

        pub fn open_window() -> Window {
            Window
        }

        pub fn close_window(_: Window) {}
    }

    pub mod window {
        pub fn close() -> bool {
            false
        }

        pub fn reopen() {}
    }
}

fn main() {
    let opened = window::open();
    std::thread::spawn(move || drop(opened));
}
