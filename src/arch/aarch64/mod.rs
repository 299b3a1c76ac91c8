// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: the routines of `asm/aarch64` and the constants that they share with Rust.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicU8, Ordering},
};

use crate::arch::{ax_cpu, entry};

pub(crate) mod inline;
#[cfg(any(test, all(feature = "vector", any(axptr_home = "kernel", doc))))]
pub(crate) mod level;
pub(crate) mod rehearse;
#[cfg(any(test, all(feature = "vector", any(axptr_home = "kernel", doc))))]
pub(crate) mod translation;
#[cfg(axptr_home = "process")]
mod weak;
pub(crate) mod window;

#[cfg(axptr_home = "process")]
pub(crate) use weak::weak_address;

/// The end of the lower address range with 48 bits: the range that TTBR0_EL1 translates (Arm ARM D8.1).
///
/// The top byte counts. A kernel that lets user space tag its pointers (TBI) has it removed (`untag`).
pub(crate) const USER_LIMIT: usize = 1 << 48;

/// How many low bits of an address say where it is: each address that can be mapped is their sign extension. It is so
/// for the largest halves, of 52 bits (LVA). The access of each two-sided instruction is reported here, so nothing
/// depends on the present size.
#[inline]
pub(crate) const fn address_bits() -> u32 {
    53
}

/// Always true: an address of neither half raises a translation fault, as an absent page does (Arm ARM D8.1.5).
#[inline]
pub(crate) const fn can_translate(_addr: usize) -> bool {
    true
}

/// Whether the topmost bit of an address belongs to a tag: of an ignored top byte it is one (Arm ARM D8.8.1).
pub(crate) const TOP_BIT_IS_TAG: bool = true;

/// Whether a page fault tells an absent page from one that forbids the access.
pub(crate) const TELLS_ABSENT_PAGES: bool = true;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "x1";

/// Whether there is a window to open, for atomics.
const IS_KERNEL: bool = cfg!(axptr_home = "kernel");

/// Whether the routines may use vector registers. A kernel's may not: user memory is accessed by unprivileged instructions
/// there, which have no form for them.
const IS_WIDE: bool = !IS_KERNEL && !cfg!(axptr_general_registers);

// Bits of `CPU`. A process uses only the first and the last.
const CPU_KNOWN: u8 = 1;
pub(crate) const CPU_PAN: u8 = 2;
const CPU_MOPS: u8 = 4;
const CPU_LSE: u8 = 8;

/// What the CPU has. It is 0 until a routine or an atomic asks.
pub(crate) static CPU: AtomicU8 = AtomicU8::new(0);

/// Whether the routines may use the copy and set instructions: from when the vector has proved that they work, until
/// one CPU proves the contrary.
pub(crate) static MOPS: AtomicU8 = AtomicU8::new(MOPS_UNKNOWN);
pub(crate) const MOPS_UNKNOWN: u8 = 0;
pub(crate) const MOPS_PROVED: u8 = 1;
#[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
pub(crate) const MOPS_REFUTED: u8 = 2;

// One block, because macros that are defined in two blocks would clash if both blocks land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    ".set AXPTR_WIDE, {wide}",
    include_str!("../../../asm/entry.S"),
    include_str!("../../../asm/aarch64/macros.S"),
    include_str!("../../../asm/aarch64/mops.S"),
    include_str!("../../../asm/aarch64/cpu.S"),
    include_str!("../../../asm/aarch64/narrow.S"),
    include_str!("../../../asm/aarch64/wide.S"),
    include_str!("../../../asm/aarch64/copy.S"),
    include_str!("../../../asm/aarch64/fill.S"),
    include_str!("../../../asm/aarch64/string.S"),
    kernel = const IS_KERNEL as u8,
    wide = const IS_WIDE as u8,
    branch_targets = const cfg!(axptr_branch_targets) as u8,
    cpu = sym CPU,
    known = const CPU_KNOWN,
    pan = const CPU_PAN,
    mops = const CPU_MOPS,
    lse = const CPU_LSE,
    mops_bit = const CPU_MOPS.trailing_zeros(),
    mops_state = sym MOPS,
    mops_proved = const MOPS_PROVED,
    read = const entry::READ,
    write = const entry::WRITE,
    strict = const entry::STRICT,
    nofault = const entry::NOFAULT,
    ax_cpu = const ax_cpu::FORM,
);

/// The routines of kernels use none.
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

#[cfg(axptr_home = "kernel")]
unsafe extern "C" {
    fn __axptr_ask_cpu();
}

/// Returns `addr` if `addr..addr + len` ends at or below `limit`, else 0, without a branch.
///
/// It is assembly, because the compiler would drop equal Rust code: after a bounds check it knows that the result is
/// `addr`. A processor that mispredicts the check does not know that. CSDB keeps the processor from guessing the result
/// of the selects (Arm ARM B2.3.10). On a CPU without CSDB it is a NOP.
#[inline(always)]
pub(crate) fn confine(addr: usize, len: usize, limit: usize) -> usize {
    let mut confined = addr;
    // SAFETY: changes its own registers only.
    unsafe {
        asm!(
            "subs {room}, {limit}, {len}",  // the last possible start of the range; borrow: there is none
            "csel {room}, {room}, xzr, hs",
            "cmp {room}, {confined}",
            "csel {confined}, {confined}, xzr, hs",
            "csdb",
            room = out(reg) _,
            limit = in(reg) limit,
            len = in(reg) len,
            confined = inout(reg) confined,
            options(pure, nomem, nostack),
        );
    }
    confined
}

/// The paths of a kernel. Above 256 bytes, the routines use the copy and set instructions (FEAT_MOPS) if the vector is
/// installed, or words. Atomics use single instructions (FEAT_LSE) if the CPU has them, or reservations.
///
/// A process uses words only. Its signal frame may not tell the access, and a copy instruction accesses both sides. So
/// a fault on the kernel side could not be told from one on the user side.
#[cfg(feature = "__tests")]
#[cfg(axptr_home = "kernel")]
pub(crate) const CPU_PATHS: &[&str] = &["with MOPS", "without MOPS", "without MOPS and LSE"];
/// The same in a process.
#[cfg(feature = "__tests")]
#[cfg(not(axptr_home = "kernel"))]
pub(crate) const CPU_PATHS: &[&str] = &["with LSE", "without LSE"];

/// For each path: what the CPU must have, and which features the path does not use.
#[cfg(feature = "__tests")]
#[cfg(axptr_home = "kernel")]
const PATHS: [(u8, u8); 3] = [(CPU_MOPS, 0), (0, CPU_MOPS), (0, CPU_MOPS | CPU_LSE)];
/// The same in a process.
#[cfg(feature = "__tests")]
#[cfg(not(axptr_home = "kernel"))]
const PATHS: [(u8, u8); 2] = [(CPU_LSE, 0), (0, CPU_LSE)];

#[cfg(feature = "__tests")]
const _: () = assert!(PATHS.len() == CPU_PATHS.len());

/// Whether this CPU can execute a path.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    PATHS.get(path).is_some_and(|(needed, _)| ask_cpu() & needed == *needed)
}

/// Makes the routines and atomics take a path, as if the CPU lacked the features that it does not use.
#[cfg(feature = "__tests")]
pub(crate) fn force_cpu(path: usize) {
    CPU.store(ask_cpu() & !PATHS[path].1, Ordering::Relaxed);
}

/// Makes the next routine or atomic ask the CPU again.
#[cfg(feature = "__tests")]
pub(crate) fn forget_cpu() {
    CPU.store(0, Ordering::Relaxed);
}

/// What the CPU has.
#[inline(always)]
fn cpu() -> u8 {
    match CPU.load(Ordering::Relaxed) {
        0 => ask_cpu(),
        known => known,
    }
}

/// Asks the CPU, as a routine does at its first call, and returns the stored answer.
#[cfg(axptr_home = "kernel")]
#[cold]
pub(crate) fn ask_cpu() -> u8 {
    // SAFETY: reads ID registers and stores what the CPU has. It clobbers only what any function may.
    unsafe { __axptr_ask_cpu() };
    CPU.load(Ordering::Relaxed)
}

/// Asks the kernel, and returns the stored answer.
#[cfg(not(axptr_home = "kernel"))]
#[cold]
fn ask_cpu() -> u8 {
    /// <asm/hwcap.h>.
    const HWCAP_ATOMICS: libc::c_ulong = 1 << 8;
    // SAFETY: reads a value that the kernel gave the process.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let known = if capabilities & HWCAP_ATOMICS != 0 { CPU_KNOWN | CPU_LSE } else { CPU_KNOWN };
    CPU.store(known, Ordering::Relaxed);
    known
}

/// Whether an instruction is CPY* or SET* in a form that is unprivileged on at least one side (Arm ARM C4.1.94, "Memory
/// Copy and Memory Set").
#[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
pub(crate) fn is_unprivileged_copy(insn: u32) -> bool {
    const SET: u32 = 3 << 22;
    const UNPRIVILEGED_WRITE: u32 = 1 << 12;
    const UNPRIVILEGED_READ: u32 = 1 << 13;
    let sides = if insn & SET == SET { UNPRIVILEGED_WRITE } else { UNPRIVILEGED_WRITE | UNPRIVILEGED_READ };
    insn & 0x3b20_0c00 == 0x1900_0400 && insn & sides != 0
}
