// SPDX-License-Identifier: MIT OR Apache-2.0
//! The macro for a kernel's own faultable instructions.

/// Expands to the assembly text of one exception-table entry, for `asm!` and `global_asm!` alike.
///
/// `insn` and `landing` are labels as an operand would name them (`"2b"`, `"3f"`, `".Lmine"`); they must
/// lie in the same section, within 32 KiB of each other: else the assembler says `invalid .org offset` and shows the
/// line that says so. Code that the linker may shorten (riscv64, loongarch64) may lie between them, and counts as long
/// as it is before that. `access` says what the instruction does to *user* memory:
///
/// | access | the instruction |
/// |---|---|
/// | `read` | loads from user memory and touches nothing else |
/// | `write` | stores to user memory and touches nothing else |
/// | `read_write` | does both to user memory (an atomic) |
/// | `read_to_kernel` | loads from user memory *and* stores to kernel memory (x86_64 `movs`) |
/// | `write_from_kernel` | stores to user memory *and* loads from kernel memory |
///
/// With the last two, a fault on the kernel side finds no landing: it is a bug of the kernel.
///
/// On the way to the landing the trap handler overwrites the register
/// [`Landing::REGISTER`](crate::extable::Landing::REGISTER) (x86_64 `rdx`, aarch64 `x1`, riscv64 and loongarch64
/// `a1`) with the cause, a value that is not 0: declare it as an output or a clobber, and preset it to 0 if the
/// landing wants to know.
///
/// Entries come from this macro only. One written by hand, in a section that does not follow its code, unsorts the
/// table (`selftest` says so, and lookups turn linear) or is dropped by a linker that collects garbage, which nothing
/// in the program can notice. The linker fragment makes it a link error.
///
/// # Examples
///
/// ```
/// use core::arch::asm;
///
/// # #[cfg(target_arch = "x86_64")]
/// fn load_or(addr: usize, default: u64) -> u64 {
///     let mut value = default;
///     // SAFETY: a load changes nothing; if it faults, execution goes on behind it.
///     unsafe {
///         asm!(
///             "2: mov {value}, qword ptr [{addr}]",
///             "3:",
///             axptr::ex_entry!("2b", "3b", read),
///             addr = in(reg) addr,
///             value = inout(reg) value,
///             out("rdx") _,
///             options(nostack),
///         );
///     }
///     value
/// }
/// # #[cfg(target_arch = "aarch64")]
/// # fn load_or(addr: usize, default: u64) -> u64 {
/// #     let mut value = default;
/// #     unsafe {
/// #         asm!("2: ldtr {value}, [{addr}]", "3:", axptr::ex_entry!("2b", "3b", read), addr = in(reg) addr,
/// #             value = inout(reg) value, out("x1") _, options(nostack));
/// #     }
/// #     value
/// # }
/// # #[cfg(target_arch = "riscv64")]
/// # fn load_or(addr: usize, default: u64) -> u64 {
/// #     let mut value = default;
/// #     unsafe {
/// #         asm!("2: ld {value}, 0({addr})", "3:", axptr::ex_entry!("2b", "3b", read), addr = in(reg) addr,
/// #             value = inout(reg) value, out("a1") _, options(nostack));
/// #     }
/// #     value
/// # }
/// # #[cfg(target_arch = "loongarch64")]
/// # fn load_or(addr: usize, default: u64) -> u64 {
/// #     let mut value = default;
/// #     unsafe {
/// #         asm!("2: ld.d {value}, {addr}, 0", "3:", axptr::ex_entry!("2b", "3b", read), addr = in(reg) addr,
/// #             value = inout(reg) value, out("$a1") _, options(nostack));
/// #     }
/// #     value
/// # }
///
/// // SAFETY: this process hands only its own addresses to axptr.
/// unsafe { axptr::hosted::install() }.unwrap();
/// assert_eq!(load_or((&raw const *&42_u64).addr(), 7), 42);
/// assert_eq!(load_or(8, 7), 7);
/// ```
#[macro_export]
macro_rules! ex_entry {
    ($insn:literal, $landing:literal, read) => {
        $crate::__ex_entry!($insn, $landing, "1")
    };
    ($insn:literal, $landing:literal, write) => {
        $crate::__ex_entry!($insn, $landing, "2")
    };
    ($insn:literal, $landing:literal, read_write) => {
        $crate::__ex_entry!($insn, $landing, "3")
    };
    ($insn:literal, $landing:literal, read_to_kernel) => {
        $crate::__ex_entry!($insn, $landing, "5")
    };
    ($insn:literal, $landing:literal, write_from_kernel) => {
        $crate::__ex_entry!($insn, $landing, "6")
    };
}
