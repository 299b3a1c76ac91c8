// SPDX-License-Identifier: MIT OR Apache-2.0
//! The macro for instructions of a kernel's own that may fault.

/// Expands to the assembly text of one exception-table entry, for `asm!` and `global_asm!`.
///
/// `insn` and `landing` are labels, written as an operand would name them (`"2b"`, `"3f"`, `".Lmine"`). Both must lie
/// in the same section, within 32 KiB of each other. Otherwise the assembler reports `invalid .org offset` and shows a
/// line that explains it. Between them there may be code that the linker can shorten (riscv64, loongarch64). Its length
/// before that counts. `access` says what the instruction does to *user* memory:
///
/// | access | the instruction |
/// |---|---|
/// | `read` | loads from user memory and touches nothing else |
/// | `write` | stores to user memory and touches nothing else |
/// | `read_write` | does both to user memory (an atomic) |
/// | `read_to_kernel` | loads from user memory *and* stores to kernel memory (x86_64 `movs`) |
/// | `write_from_kernel` | stores to user memory *and* loads from kernel memory |
///
/// With the last two, a fault on the kernel side finds no landing, because it is a bug of the kernel.
///
/// On the way to the landing, the trap handler overwrites one register with the cause:
/// [`Landing::REGISTER`](crate::extable::Landing::REGISTER) (x86_64 `rdx`, aarch64 `x1`, riscv64 and loongarch64 `a1`).
/// The cause is never 0. Declare the register as an output or a clobber. If the landing needs to know whether there was
/// a fault, preset the register to 0. A trap handler that sets the pc only, as ax-cpu's does (feature `ax-cpu`), leaves the
/// register as it is: for such a kernel preset it to 1, and clear it behind the instruction.
///
/// An entry recovers faults, and checks nothing: with an address of the kernel, the access succeeds. So ask
/// [`UserRange::new`](crate::UserRange::new) first, for all bytes that the instruction accesses.
///
/// The instruction needs the window, where the machine has one (x86_64, riscv64; aarch64 for other than unprivileged
/// accesses): `axptr::window::open()` around it. Without, a page that is there is refused, and no pager can help: a trap
/// handler that says so ([`Report::window_closed`](crate::trap::Report::window_closed)) gets `NotOurs`, one that does not
/// may try again for ever.
///
/// All blocks of assembly in a codegen unit are one file: `2f` where `2b` is meant names a label of another block, and
/// nothing may say so.
///
/// Never write an entry by hand. If its section does not follow its code, the table is no longer sorted: `selftest`
/// reports it, and lookups become linear. Or a linker that collects garbage drops the entry, and nothing in the program
/// can notice that. The linker fragment makes a handwritten entry a link error.
///
/// # Examples
///
/// ```
/// use core::arch::asm;
///
/// # #[cfg(target_arch = "x86_64")]
/// fn load_or(addr: usize, default: u64) -> u64 {
///     if axptr::UserRange::new(addr, 8).is_none() {
///         return default;
///     }
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
