// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of this machine.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "riscv64.rs")]
#[cfg_attr(target_arch = "loongarch64", path = "loongarch64.rs")]
mod this;

pub(crate) use this::{FOREIGN_SIZE, UNTRANSLATABLE_TELLS, call_then_entry, wild_jump};

unsafe extern "C" {
    pub(crate) fn signals_foreign_load(addr: usize) -> u64;
    pub(crate) fn signals_foreign_store(addr: usize, value: u64);
}

/// What the tests want done by instructions, made of a machine's.
///
/// - `load`, `store`: the first loads at the first argument and returns; the second stores the second argument there.
///   Both are [`FOREIGN_SIZE`] long.
/// - `call`: calls the address in its operand.
/// - `system_call`: the instruction.
/// - `clear`: puts 0 in the register of the cause, behind a system call whose operands follow.
macro_rules! instructions {
    (
        load: $load:literal,
        store: $store:literal,
        call: $call:literal,
        system_call: $system_call:literal,
        clear: $clear:literal,
        |$number:ident, $args:ident| -> ($status:ident, $cause:ident) { $($operands:tt)+ }
    ) => {
        std::arch::global_asm!(
            ".pushsection .text.signals_foreign, \"ax\", @progbits",
            ".balign 4",
            ".global signals_foreign_load",
            ".global signals_foreign_store",
            "signals_foreign_load:",
            $load,
            "ret",
            "signals_foreign_store:",
            $store,
            "ret",
            ".popsection",
        );

        /// Goes on where there is no code.
        pub(crate) fn wild_jump(addr: usize) {
            // SAFETY: there is nothing to run; the fault ends the process.
            unsafe { std::arch::asm!($call, in(reg) addr, clobber_abi("C")) };
        }

        /// Makes a system call of four arguments. An instruction of the table stands behind it, and sets the cause to 0.
        ///
        /// Returns the call's result and the cause.
        ///
        /// # Safety
        ///
        /// 1. As the system call.
        pub(crate) unsafe fn call_then_entry($number: usize, $args: [usize; 4]) -> (isize, usize) {
            let ($status, $cause): (isize, usize);
            // SAFETY: (1). The instruction behind the call touches no memory.
            unsafe {
                std::arch::asm!(
                    $system_call,
                    concat!("2: ", $clear),
                    "3:",
                    axptr::ex_entry!("2b", "3b", read),
                    $($operands)+
                );
            }
            ($status, $cause)
        }
    };
}
use instructions;
