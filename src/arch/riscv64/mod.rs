// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64: the routines of `asm/riscv64` and the constants that they share with Rust.

use core::arch::{asm, global_asm};

use crate::arch::{ax_cpu, entry};

pub(crate) mod inline;
pub(crate) mod rehearse;
#[cfg(axptr_home = "process")]
mod weak;
pub(crate) mod window;

#[cfg(axptr_home = "process")]
pub(crate) use weak::weak_address;

/// The end of the user half.
///
/// In a kernel it is that of 39-bit addresses, the smallest mode (Privileged ISA, "Sv39"). A process does not know the
/// mode of its kernel. So there it is that of the largest mode ("Sv57"): everything below belongs to the process.
pub(crate) const USER_LIMIT: usize = if cfg!(axptr_home = "process") { 1 << 56 } else { 1 << 38 };

/// How many low bits of an address say where it is: each address that can be mapped is their sign extension. It is so
/// in the largest mode ("Sv57"). No instruction has two sides here, so nothing depends on the present mode.
#[inline]
pub(crate) const fn address_bits() -> u32 {
    57
}

/// Always true: an address that is no sign extension raises a page fault, too (Privileged ISA, "Sv39").
#[inline]
pub(crate) const fn can_translate(_addr: usize) -> bool {
    true
}

/// Whether the topmost bit of an address belongs to a tag: of the masked bits it is one (Privileged ISA, "Pointer Masking").
pub(crate) const TOP_BIT_IS_TAG: bool = true;

/// Whether a page fault tells an absent page from one that forbids the access.
pub(crate) const TELLS_ABSENT_PAGES: bool = false;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "a1";

/// Whether there is a window to open.
const IS_KERNEL: bool = cfg!(axptr_home = "kernel");

/// The permission to access user pages in kernel mode (Privileged ISA, "sstatus").
pub(crate) const SSTATUS_SUM: usize = 1 << 18;

// One block, because macros that are defined in two blocks would clash if both blocks land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    include_str!("../../../asm/entry.S"),
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
    ax_cpu = const ax_cpu::FORM,
);

/// The routines use none.
#[cfg(all(feature = "vector-registers", axptr_home = "kernel"))]
#[inline]
pub(crate) const fn vector_registers_are_on() -> bool {
    true
}

/// The normal routines: the cost of an unpredictable branch on this machine is not measured.
pub(crate) mod unpredictable {
    pub(crate) use crate::arch::raw::{
        __axptr_copy_from_user as __axptr_copy_from_user_unpredictable,
        __axptr_copy_to_user as __axptr_copy_to_user_unpredictable,
    };
}

/// There is no routine that counts a string's bytes.
pub(crate) const STRING_LENGTH: Option<crate::arch::raw::StringLength> = None;

/// Returns `addr` if `addr..addr + len` ends at or below `limit`, else 0, without a branch.
///
/// It is assembly, because the compiler would drop equal Rust code: after a bounds check it knows that the result is
/// `addr`. A processor that mispredicts the check does not know that.
#[inline(always)]
pub(crate) fn confine(addr: usize, len: usize, limit: usize) -> usize {
    let mut confined = addr;
    // SAFETY: changes its own registers only.
    unsafe {
        asm!(
            "sltu {wraps}, {room}, {len}",
            "sub {room}, {room}, {len}",    // the last possible start of the range
            "sltu {room}, {room}, {confined}",
            "or {room}, {room}, {wraps}",   // 1: there is none, or `addr` lies above it
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

/// All CPUs take the same path: aligned accesses only.
#[cfg(feature = "__tests")]
pub(crate) const CPU_PATHS: &[&str] = &["aligned accesses"];

/// Whether this CPU can execute a path.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    path < CPU_PATHS.len()
}

/// Does nothing: there is only one path.
#[cfg(feature = "__tests")]
pub(crate) fn force_cpu(_path: usize) {}

/// Does nothing: the routines ask nothing.
#[cfg(feature = "__tests")]
pub(crate) fn forget_cpu() {}
