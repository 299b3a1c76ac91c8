// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses of this kernel's own: without an exception-table entry, and what axcpu says of their faults; and
//! with one, made by the macro for kernels.
//!
//! The instructions are `arch::access`, a machine's each.

use alloc::{format, string::String};

use crate::arch::access::PAGE_FAULT;
pub use crate::arch::access::{try_load, unhandled_out_of_reach};

/// What axcpu says of a page fault at `pc` that nobody handles.
pub fn unhandled_fault(pc: usize, addr: usize) -> String {
    format!("Unhandled {PAGE_FAULT} @ {pc:#x}, fault_vaddr=VA:{addr:#x}")
}

/// The address of the one instruction in [`store`] that can fault.
pub fn store_pc() -> usize {
    kernel_store as *const () as usize
}

/// The address of the one instruction in [`load`] that can fault.
pub fn load_pc() -> usize {
    kernel_load as *const () as usize
}

/// Stores one byte to `addr`.
///
/// # Safety
///
/// `addr` is valid for a write of one byte.
pub unsafe fn store(addr: usize) {
    // SAFETY: the caller vouches for `addr`.
    unsafe { kernel_store(addr) }
}

/// Loads one byte from `addr`.
///
/// # Safety
///
/// `addr` is valid for a read of one byte.
pub unsafe fn load(addr: usize) -> u8 {
    // SAFETY: the caller vouches for `addr`.
    unsafe { kernel_load(addr) }
}

/// Stores one byte to user address `addr`, inside the window, and says whether it could.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_store(addr: usize, value: u8) -> bool {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_store(addr, value) == 0 }
}

unsafe extern "C" {
    /// Stores 0; its first instruction is the one that may fault.
    fn kernel_store(addr: usize);
    /// Its first instruction is the one that may fault.
    fn kernel_load(addr: usize) -> u8;
    /// Returns the cause, 0 if it has stored.
    fn kernel_try_store(addr: usize, value: u8) -> usize;
}

/// Functions around one access with an entry, of a machine's instructions.
///
/// - `clear`: an instruction that puts 0 in the register of the cause.
/// - `load`: one that loads a byte from `{addr}` into `{value}`, for `try_load`.
/// - then functions of the address of a word, of lines that return the cause, 0 if there is none.
macro_rules! tries {
    (
        cause: $cause:tt, clear: $clear:literal, load: $load:literal,
        $($(#[$doc:meta])+ $name:ident = $function:ident, $access:ident: [$($line:literal),+ $(,)?],)*
    ) => {
        /// Loads one byte from user address `addr`, inside the window; `None` if it cannot be read.
        #[inline(never)] // One copy, one entry: a case demands that each has faulted.
        pub fn try_load(addr: usize) -> Option<u8> {
            let value: usize;
            let cause: usize;
            // SAFETY: a load changes nothing; if it faults, execution goes on behind it.
            unsafe {
                core::arch::asm!(
                    $clear,
                    concat!("2: ", $load),
                    "3:",
                    axptr::ex_entry!("2b", "3b", read),
                    addr = in(reg) addr,
                    value = out(reg) value,
                    out($cause) cause,
                    options(nostack, readonly),
                );
            }
            (cause == 0).then_some(value as u8)
        }

        $(
            $(#[$doc])+
            ///
            /// # Safety
            ///
            /// `addr` holds no kernel memory.
            pub unsafe fn $name(addr: usize) -> usize {
                unsafe extern "C" {
                    fn $function(addr: usize) -> usize;
                }
                // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
                unsafe { $function(addr) }
            }

            $crate::asm::function!($function, $access: $($line),+);
        )*
    };
}
pub(crate) use tries;
