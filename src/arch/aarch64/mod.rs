// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: the routines of `asm/aarch64` and the constants that they share with Rust.

use core::{
    arch::{asm, global_asm},
    ops::Range,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::arch::entry;

pub(crate) mod inline;
#[cfg(any(target_os = "none", doc))]
pub(crate) mod window;

/// The end of the lower address range with 48 bits: what TTBR0_EL1 translates (Arm ARM D8.1).
///
/// The top byte is part of it: a kernel that lets user space tag its pointers (TBI) strips the tag first.
pub(crate) const USER_LIMIT: usize = 1 << 48;

/// What lies between the two ranges of 48-bit addresses. With 52-bit ones (LVA) some of it can be mapped: a
/// kernel that maps it for user space sets its user limit behind it.
pub(crate) const UNTRANSLATABLE: Range<usize> = 1 << 48..(-1_isize << 48) as usize;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "x1";

/// Whether there is a window to open, for atomics.
const IS_KERNEL: bool = cfg!(target_os = "none");

// Bits of `CPU`, and the number of one. A process knows of the last only.
const CPU_KNOWN: u8 = 1;
pub(crate) const CPU_PAN: u8 = 2;
const CPU_MOPS: u8 = 4;
const CPU_LSE: u8 = 8;

/// What the CPU has, 0 until a routine or an atomic asks.
pub(crate) static CPU: AtomicU8 = AtomicU8::new(0);

/// Whether the copy and set instructions may be used: once the vector has proved it, until a CPU proves the
/// contrary.
pub(crate) static MOPS: AtomicU8 = AtomicU8::new(MOPS_UNKNOWN);
pub(crate) const MOPS_UNKNOWN: u8 = 0;
pub(crate) const MOPS_PROVED: u8 = 1;
#[cfg(all(feature = "vector", any(target_os = "none", doc)))]
pub(crate) const MOPS_REFUTED: u8 = 2;

// One block: macros defined in two would clash when both land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    include_str!("../../../asm/aarch64/macros.S"),
    include_str!("../../../asm/aarch64/mops.S"),
    include_str!("../../../asm/aarch64/cpu.S"),
    include_str!("../../../asm/aarch64/copy.S"),
    include_str!("../../../asm/aarch64/fill.S"),
    include_str!("../../../asm/aarch64/string.S"),
    kernel = const IS_KERNEL as u8,
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
);

/// Nothing is known of what a branch that is not foreseen costs here: the same routines.
pub(crate) mod unpredictable {
    pub(crate) use crate::arch::raw::{
        __axptr_copy_from_user as __axptr_copy_from_user_unpredictable,
        __axptr_copy_to_user as __axptr_copy_to_user_unpredictable,
    };
}

#[cfg(target_os = "none")]
unsafe extern "C" {
    fn __axptr_ask_cpu();
}

/// Returns `addr` if `addr..addr + len` ends at or below `limit`, else 0, without a branch.
///
/// The compiler knows after a bounds check that the answer is `addr` and would drop an equivalent
/// in Rust; a processor that guesses the check's outcome does not, so the data flow stays in assembly. CSDB
/// keeps it from guessing the result of the selects (Arm ARM B2.3.10); elsewhere it is a NOP.
#[inline(always)]
pub(crate) fn confine(addr: usize, len: usize, limit: usize) -> usize {
    let mut confined = addr;
    // SAFETY: touches its own registers only.
    unsafe {
        asm!(
            "subs {room}, {limit}, {len}",  // where the range may start at most; borrow: nowhere
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

/// Above 256 bytes the copy and set instructions (FEAT_MOPS), where the vector is installed; or words. And
/// atomics by single instructions (FEAT_LSE) where the CPU has them; or by reservations.
///
/// A process has words only: the signal frame need not tell the access, so that a fault of an instruction
/// which touches both sides could not be told from one on the side that is no user's.
#[cfg(feature = "__tests")]
#[cfg(target_os = "none")]
pub(crate) const CPU_PATHS: &[&str] = &["with MOPS", "without MOPS", "without MOPS and LSE"];
/// The same in a process.
#[cfg(feature = "__tests")]
#[cfg(not(target_os = "none"))]
pub(crate) const CPU_PATHS: &[&str] = &["with LSE", "without LSE"];

/// What the CPU must have for a path, and what is left out of it.
#[cfg(feature = "__tests")]
#[cfg(target_os = "none")]
const PATHS: [(u8, u8); 3] = [(CPU_MOPS, 0), (0, CPU_MOPS), (0, CPU_MOPS | CPU_LSE)];
/// The same in a process.
#[cfg(feature = "__tests")]
#[cfg(not(target_os = "none"))]
const PATHS: [(u8, u8); 2] = [(CPU_LSE, 0), (0, CPU_LSE)];

#[cfg(feature = "__tests")]
const _: () = assert!(PATHS.len() == CPU_PATHS.len());

/// Whether this CPU can execute a path.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    PATHS.get(path).is_some_and(|(needed, _)| ask_cpu() & needed == *needed)
}

/// Makes the routines and atomics believe that the CPU lacks what is left out of a path.
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

/// Asks the CPU, as a routine does at its first call, and returns what is stored.
#[cfg(target_os = "none")]
#[cold]
pub(crate) fn ask_cpu() -> u8 {
    // SAFETY: reads ID registers and stores what the CPU has; clobbers what any function may.
    unsafe { __axptr_ask_cpu() };
    CPU.load(Ordering::Relaxed)
}

/// Asks the kernel, and returns what is stored.
#[cfg(not(target_os = "none"))]
#[cold]
fn ask_cpu() -> u8 {
    /// <asm/hwcap.h>.
    const HWCAP_ATOMICS: libc::c_ulong = 1 << 8;
    // SAFETY: looks something up in what the kernel gave the process.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let known = if capabilities & HWCAP_ATOMICS != 0 { CPU_KNOWN | CPU_LSE } else { CPU_KNOWN };
    CPU.store(known, Ordering::Relaxed);
    known
}

/// Whether an instruction is CPY* or SET* in a form that is unprivileged on a side (Arm ARM C4.1.94, "Memory
/// Copy and Memory Set").
#[cfg(all(feature = "vector", any(target_os = "none", doc)))]
pub(crate) fn is_unprivileged_copy(insn: u32) -> bool {
    const SET: u32 = 3 << 22;
    const UNPRIVILEGED_WRITE: u32 = 1 << 12;
    const UNPRIVILEGED_READ: u32 = 1 << 13;
    let sides = if insn & SET == SET { UNPRIVILEGED_WRITE } else { UNPRIVILEGED_WRITE | UNPRIVILEGED_READ };
    insn & 0x3b20_0c00 == 0x1900_0400 && insn & sides != 0
}
