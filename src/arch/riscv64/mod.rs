// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64: the routines of `asm/riscv64` and the constants that they share with Rust.

use core::{
    arch::{asm, global_asm},
    ops::Range,
};

use crate::arch::entry;

pub(crate) mod inline;
#[cfg(any(target_os = "none", doc))]
pub(crate) mod window;

/// The end of the user half. In a kernel with 39-bit addresses, the fewest that there are (Privileged ISA,
/// "Sv39"). A process does not know its kernel's choice, and everything below the widest one's end ("Sv57")
/// is its own.
pub(crate) const USER_LIMIT: usize = if cfg!(target_os = "linux") { 1 << 56 } else { 1 << 38 };

/// The non-canonical hole of 57-bit addresses, which no other mode can map either.
pub(crate) const UNTRANSLATABLE: Range<usize> = 1 << 56..(-1_isize << 56) as usize;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "a1";

/// Whether there is a window to open.
const IS_KERNEL: bool = cfg!(target_os = "none");

/// Permission to touch user pages in kernel mode (Privileged ISA, "sstatus").
pub(crate) const SSTATUS_SUM: usize = 1 << 18;

// One block: macros defined in two would clash when both land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    include_str!("../../../asm/riscv64/macros.S"),
    include_str!("../../../asm/riscv64/sentinel.S"),
    include_str!("../../../asm/riscv64/copy.S"),
    include_str!("../../../asm/riscv64/fill.S"),
    include_str!("../../../asm/riscv64/string.S"),
    kernel = const IS_KERNEL as u8,
    sum = const SSTATUS_SUM,
    read = const entry::READ,
    write = const entry::WRITE,
    nofault = const entry::NOFAULT,
);

/// Nothing is known of what a branch that is not foreseen costs here: the same routines.
pub(crate) mod unpredictable {
    pub(crate) use crate::arch::raw::{
        __axptr_copy_from_user as __axptr_copy_from_user_unpredictable,
        __axptr_copy_to_user as __axptr_copy_to_user_unpredictable,
    };
}

/// Returns `addr` if `addr..addr + len` ends at or below `limit`, else 0, without a branch.
///
/// The compiler knows after a bounds check that the answer is `addr` and would drop an equivalent
/// in Rust; a processor that guesses the check's outcome does not, so the data flow stays in assembly.
#[inline(always)]
pub(crate) fn confine(addr: usize, len: usize, limit: usize) -> usize {
    let mut confined = addr;
    // SAFETY: touches its own registers only.
    unsafe {
        asm!(
            "sltu {wraps}, {room}, {len}",
            "sub {room}, {room}, {len}",    // where the range may start at most
            "sltu {room}, {room}, {confined}",
            "or {room}, {room}, {wraps}",   // 1: nowhere, or not there
            "addi {room}, {room}, -1",
            "and {confined}, {confined}, {room}",
            room = inout(reg) limit => _,
            len = in(reg) len,
            wraps = out(reg) _,
            confined = inout(reg) confined,
            options(pure, nomem, nostack),
        );
    }
    confined
}

/// Every CPU takes the same: aligned accesses only.
#[cfg(feature = "__tests")]
pub(crate) const CPU_PATHS: &[&str] = &["aligned accesses"];

/// Whether this CPU can execute a path.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    path < CPU_PATHS.len()
}

/// There is nothing to choose.
#[cfg(feature = "__tests")]
pub(crate) fn force_cpu(_path: usize) {}

/// There is nothing that was asked.
#[cfg(feature = "__tests")]
pub(crate) fn forget_cpu() {}
