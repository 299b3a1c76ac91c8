// SPDX-License-Identifier: MIT OR Apache-2.0
//! A shared object with a copy of axptr of its own, as C sees it.

#![expect(clippy::missing_safety_doc, reason = "called by the test's own programs only")]

use std::ffi::{c_int, c_void};

use axptr::{UserConstPtr, hosted};

/// 0, or what went wrong on the standard error.
fn told(outcome: Result<(), impl std::fmt::Display>) -> c_int {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("plugin: {error}");
            1
        }
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn plugin_install() -> c_int {
    // SAFETY: (1) the programs pass addresses at which nothing is mapped, and of words that nobody writes.
    told(unsafe { hosted::install() })
}

#[unsafe(no_mangle)]
pub extern "C" fn plugin_uninstall() -> c_int {
    told(hosted::uninstall())
}

#[unsafe(no_mangle)]
pub extern "C" fn plugin_is_in_front() -> c_int {
    c_int::from(hosted::is_in_front())
}

#[unsafe(no_mangle)]
pub extern "C" fn plugin_selftest() -> c_int {
    told(axptr::selftest())
}

/// 0 and the word, or 1 where it cannot be read. By an inlined access and by a routine: both must agree.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plugin_read(addr: usize, word: *mut u32) -> c_int {
    let value = UserConstPtr::<u32>::from(addr).read();
    let mut bytes = [0; 300];
    let copied = axptr::copy_from_user(&mut bytes[..4], addr);
    // As many as no register holds; a word is four of them.
    let long = axptr::copy_from_user(&mut bytes, addr);
    match (value, copied, long) {
        (Ok(value), Ok(()), _) => {
            // SAFETY: the caller's word.
            unsafe { word.write(value) };
            0
        }
        (Err(_), Err(_), Err(_)) => 1,
        (value, copied, long) => {
            eprintln!("plugin: {value:?}, {copied:?}, {long:?}");
            2
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plugin_try_recover(signal: c_int, info: *mut c_void, context: *mut c_void) -> c_int {
    // SAFETY: (1) a handler passes its arguments.
    c_int::from(unsafe { hosted::try_recover(signal, info.cast(), context) })
}
