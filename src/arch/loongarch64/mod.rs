// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64: the routines of `asm/loongarch64` and the constants that they share with Rust.

#[cfg(feature = "__tests")]
use core::sync::atomic::Ordering;
use core::{
    arch::{asm, global_asm},
    sync::atomic::AtomicU8,
};

use crate::arch::{ax_cpu, entry};

pub(crate) mod inline;
pub(crate) mod rehearse;
mod translation;
#[cfg(axptr_home = "process")]
mod weak;
pub(crate) mod window;

pub(crate) use translation::can_translate;
#[cfg(axptr_home = "process")]
pub(crate) use weak::weak_address;

/// The end of the user half with 48-bit addresses.
///
/// Every address of a direct-map window lies above it. Through such a window kernel code accesses memory without any
/// page's permission (Reference Manual vol. 1, chapter 5). Only the range check stops a user address from reaching one.
pub(crate) const USER_LIMIT: usize = 1 << 47;

/// How many low bits of an address say where it is (VALEN; vol. 1, chapter 5). An address that is not their sign extension
/// raises an address error, unless it lies in a kernel's direct-map window.
#[inline]
pub(crate) fn address_bits() -> u32 {
    bits_of(configuration())
}

/// VALEN of configuration word 1, which holds VALEN - 1.
const fn bits_of(word: usize) -> u32 {
    (word >> 12 & 0xff) as u32 + 1
}

/// Configuration word 1 (Reference Manual vol. 1, chapter 2, CPUCFG).
fn configuration() -> usize {
    const WORD: usize = 1;
    let word: usize;
    // SAFETY: reads what the CPU reports about itself.
    unsafe {
        asm!("cpucfg {0}, {1}", out(reg) word, in(reg) WORD, options(pure, nomem, nostack));
    }
    word
}

/// Whether the topmost bit of an address belongs to a tag. This machine ignores no bits, so there are no tags.
pub(crate) const TOP_BIT_IS_TAG: bool = true;

/// Whether a page fault tells an absent page from one that forbids the access.
pub(crate) const TELLS_ABSENT_PAGES: bool = true;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "$a1";

// Bits of `CPU`.
const CPU_KNOWN: u8 = 1;
const CPU_UAL: u8 = 2;

/// What CPUCFG reported. It is 0 until a routine asks.
static CPU: AtomicU8 = AtomicU8::new(0);

// One block, because macros that are defined in two blocks would clash if both blocks land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    include_str!("../../../asm/entry.S"),
    include_str!("../../../asm/loongarch64/macros.S"),
    include_str!("../../../asm/loongarch64/copy.S"),
    include_str!("../../../asm/loongarch64/fill.S"),
    include_str!("../../../asm/loongarch64/string.S"),
    kernel = const cfg!(axptr_home = "kernel") as u8,
    cpu = sym CPU,
    known = const CPU_KNOWN,
    ual = const CPU_UAL,
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
    let confined;
    // SAFETY: changes its own registers only.
    unsafe {
        asm!(
            "sub.d {room}, {limit}, {len}",     // the last possible start of the range
            "sltu {long}, {limit}, {len}",      // 1: there is none
            "sltu {room}, {room}, {addr}",      // 1: `addr` lies above it
            "or {room}, {room}, {long}",
            "masknez {confined}, {addr}, {room}",
            limit = in(reg) limit,
            len = in(reg) len,
            addr = in(reg) addr,
            room = out(reg) _,
            long = out(reg) _,
            confined = lateout(reg) confined,
            options(pure, nomem, nostack),
        );
    }
    confined
}

/// Asks CPUCFG, as a routine does when it needs the answer.
#[cfg(feature = "__tests")]
fn ask_cpu() -> u8 {
    const UAL: usize = 1 << 20;
    if configuration() & UAL != 0 { CPU_KNOWN | CPU_UAL } else { CPU_KNOWN }
}

/// How the routines copy between sides that differ modulo 8: by unaligned loads, or by aligned loads whose words are
/// shifted into place.
#[cfg(feature = "__tests")]
pub(crate) const CPU_PATHS: &[&str] = &["with UAL", "without UAL"];
#[cfg(feature = "__tests")]
const PATH_UAL: usize = 0;

/// Whether this CPU can execute a path. Without UAL, an unaligned load raises an exception.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    path < CPU_PATHS.len() && (path != PATH_UAL || ask_cpu() & CPU_UAL != 0)
}

/// Makes the routines take a path, as if CPUCFG reported UAL or its absence.
#[cfg(feature = "__tests")]
pub(crate) fn force_cpu(path: usize) {
    CPU.store(if path == PATH_UAL { CPU_KNOWN | CPU_UAL } else { CPU_KNOWN }, Ordering::Relaxed);
}

/// Makes the next routine ask CPUCFG again.
#[cfg(feature = "__tests")]
pub(crate) fn forget_cpu() {
    CPU.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cpu_reports_its_width() {
        // The word of a 3A5000, and the same of a smaller CPU.
        assert_eq!((super::bits_of(0x3f2_f2fe), super::bits_of(0x3f2_727e)), (48, 40));
    }
}
