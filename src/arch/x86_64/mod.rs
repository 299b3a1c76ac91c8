// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: the routines of `asm/x86_64` and the constants that they share with Rust.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicU8, Ordering},
};

use crate::arch::{ax_cpu, entry, raw::StringLength, shape::UNTOLD, width::is_sign_extension};

#[cfg(any(test, axptr_home = "kernel", doc))]
pub(crate) mod control;
pub(crate) mod inline;
pub(crate) mod rehearse;
#[cfg(axptr_home = "process")]
mod weak;
pub(crate) mod window;

#[cfg(axptr_home = "process")]
pub(crate) use weak::weak_address;

/// The end of the user half with 48-bit addresses, minus a page. So no string instruction that starts below it can run
/// into the non-canonical hole in one step (SDM vol. 1, 3.3.7.1).
pub(crate) const USER_LIMIT: usize = (1 << 47) - 4096;

/// How many low bits of an address say where it is: each address that can be mapped is their sign extension.
///
/// A process cannot ask. With 57-bit addresses (LA57) it gets none above 47 bits without wishing for them. If it does,
/// the operands of some #GP do not tell the side. Then there is no landing, but never a wrong one.
#[inline]
pub(crate) fn address_bits() -> u32 {
    #[cfg(axptr_home = "kernel")]
    // SAFETY: (1) a kernel asks, about a fault of its own.
    return unsafe { control::Cr4::read() }.address_bits();
    #[cfg(not(axptr_home = "kernel"))]
    return 48;
}

/// Whether the address is canonical. Another raises #GP, and no page fault (SDM vol. 1, 3.3.7.1).
#[inline]
pub(crate) fn can_translate(addr: usize) -> bool {
    is_sign_extension(addr, address_bits())
}

/// Whether the topmost bit of an address belongs to a tag. LAM leaves it out: it says which half is meant (SDM vol. 1,
/// "Linear Address Masking").
pub(crate) const TOP_BIT_IS_TAG: bool = false;

/// Whether a page fault tells an absent page from one that forbids the access.
pub(crate) const TELLS_ABSENT_PAGES: bool = true;

/// The register that carries the cause to a landing.
pub(crate) const CAUSE_REGISTER: &str = "rdx";

/// Whether there is a window to open.
const IS_KERNEL: bool = cfg!(axptr_home = "kernel");

/// Whether the routines may use vector registers. In a kernel these hold what the user program has in them, unless it saves
/// them (feature `vector-registers`).
pub(crate) const IS_WIDE: bool =
    if IS_KERNEL { cfg!(feature = "vector-registers") } else { !cfg!(axptr_general_registers) };

/// The longest fill by vector stores.
const FILL_MOST: usize = 256 << 10;

// Bits of `CPU`.
const CPU_KNOWN: u8 = 1;
pub(crate) const CPU_SMAP: u8 = 2;
const CPU_ERMS: u8 = 4;
const CPU_BLOCKS: u8 = 8;
const CPU_ORDINARY: u8 = 16;
const CPU_ALIASES: u8 = 32;
const CPU_AVX2: u8 = 64;

/// The bit that says how much of a vector register the routines use: all of 32 bytes, or the low 16.
#[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
pub(crate) const CPU_WIDER: u8 = CPU_AVX2;

/// What CPUID reported. It is 0 until a routine asks.
pub(crate) static CPU: AtomicU8 = AtomicU8::new(0);

// One block, because macros that are defined in two blocks would clash if both blocks land in one codegen unit.
global_asm!(
    ".set AXPTR_KERNEL, {kernel}",
    ".set AXPTR_WIDE, {wide}",
    include_str!("../../../asm/entry.S"),
    include_str!("../../../asm/x86_64/macros.S"),
    include_str!("../../../asm/x86_64/cpu.S"),
    include_str!("../../../asm/x86_64/narrow.S"),
    include_str!("../../../asm/x86_64/wide.S"),
    include_str!("../../../asm/x86_64/copy.S"),
    include_str!("../../../asm/x86_64/wide_fill.S"),
    include_str!("../../../asm/x86_64/fill.S"),
    include_str!("../../../asm/x86_64/string.S"),
    include_str!("../../../asm/x86_64/wide_string.S"),
    include_str!("../../../asm/x86_64/length.S"),
    kernel = const IS_KERNEL as u8,
    wide = const IS_WIDE as u8,
    branch_targets = const cfg!(axptr_branch_targets) as u8,
    cpu = sym CPU,
    known = const CPU_KNOWN,
    smap = const CPU_SMAP,
    erms = const CPU_ERMS,
    blocks = const CPU_BLOCKS,
    ordinary = const CPU_ORDINARY,
    aliases = const CPU_ALIASES,
    avx2 = const CPU_AVX2,
    read = const entry::READ,
    write = const entry::WRITE,
    strict = const entry::STRICT,
    nofault = const entry::NOFAULT,
    ax_cpu = const ax_cpu::FORM,
    untold = const UNTOLD,
    fill_most = const FILL_MOST,
);

/// The routines that only this machine has.
pub(crate) mod unpredictable {
    use crate::arch::raw::Outcome;

    routines! {
        fn __axptr_copy_from_user_unpredictable(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
        fn __axptr_copy_to_user_unpredictable(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    }
}

/// `asm/x86_64/length.S`: where vector registers may be used.
pub(crate) const STRING_LENGTH: Option<StringLength> = if IS_WIDE {
    Some(StringLength {
        normal: length::__axptr_string_length,
        nofault: length::__axptr_string_length_nofault,
    })
} else {
    None
};

mod length {
    use crate::arch::raw::Outcome;

    routines! {
        fn __axptr_string_length(src: *const u8, max: usize) -> Outcome;
        fn __axptr_string_length_nofault(src: *const u8, max: usize) -> Outcome;
    }
}

unsafe extern "C" {
    fn __axptr_ask_cpu();
}

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
            "sub {room}, {len}",        // the last possible start of the range; borrow: there is none
            "cmovc {room}, {zero}",
            "cmp {room}, {confined}",
            "cmovc {confined}, {zero}",
            room = inout(reg) limit => _,
            len = in(reg) len,
            zero = in(reg) 0usize,
            confined = inout(reg) confined,
            options(pure, nomem, nostack),
        );
    }
    confined
}

/// Whether this CPU executes the instructions that the routines are made of.
#[cfg(all(feature = "vector-registers", axptr_home = "kernel"))]
#[inline]
pub(crate) fn vector_registers_are_on() -> bool {
    let cr0: usize;
    // SAFETY: it only reads a register, in kernel mode.
    unsafe { asm!("mov {}, cr0", out(reg) cr0, options(nomem, nostack, preserves_flags)) };
    // SAFETY: (1) a kernel asks.
    let cr4 = unsafe { control::Cr4::read() };
    cr4.has_vector_registers_on(cr0) && (!uses_avx() || (cr4.has_extended_registers_on() && saves_avx()))
}

/// Whether the routines use AVX: what the CPU was that has executed the first of them holds for all CPUs.
#[cfg(all(feature = "vector-registers", axptr_home = "kernel"))]
#[inline]
fn uses_avx() -> bool {
    if CPU.load(Ordering::Relaxed) == 0 {
        ask_cpu();
    }
    CPU.load(Ordering::Relaxed) & CPU_AVX2 != 0
}

/// Whether XCR0 says that this CPU's kernel saves AVX and SSE (SDM vol. 1, 13.3). CR4.OSXSAVE is set.
#[cfg(all(feature = "vector-registers", axptr_home = "kernel"))]
#[inline]
fn saves_avx() -> bool {
    const SSE_AND_AVX: u32 = 1 << 1 | 1 << 2;
    let saved: u32;
    // SAFETY: it only reads a register, which is there by CR4.OSXSAVE.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") saved, out("edx") _, options(nomem, nostack, preserves_flags))
    };
    saved & SSE_AND_AVX == SSE_AND_AVX
}

/// Asks CPUID, as a routine does at its first call.
pub(crate) fn ask_cpu() {
    // SAFETY: stores what CPUID reports, and preserves every register but the flags.
    unsafe { __axptr_ask_cpu() };
}

/// Whether CPUID reports SMAP, and so `stac` and `clac`.
#[inline]
pub(crate) fn has_window() -> bool {
    if !IS_KERNEL {
        return false;
    }
    if CPU.load(Ordering::Relaxed) == 0 {
        ask_cpu();
    }
    CPU.load(Ordering::Relaxed) & CPU_SMAP != 0
}

/// The paths of `asm/x86_64/copy.S`. Together they make each choice both ways.
#[cfg(feature = "__tests")]
pub(crate) const CPU_PATHS: &[&str] = if IS_WIDE {
    &["with AVX2", "as on Zen 4", "with AVX2, without ERMS", "without AVX2", "without AVX2 and ERMS"]
} else {
    &["as on Zen 3", "as on Zen 4", "as on Zen 5", "without ERMS"]
};

/// What CPUID reports for each path, in the bits of `CPU` that choose the path.
#[cfg(feature = "__tests")]
const PATHS: &[u8] = if IS_WIDE {
    &[
        CPU_AVX2 | CPU_ERMS | CPU_ALIASES | CPU_BLOCKS | CPU_ORDINARY,
        CPU_AVX2 | CPU_ERMS | CPU_ALIASES,
        CPU_AVX2 | CPU_BLOCKS,
        CPU_ERMS | CPU_BLOCKS,
        CPU_ALIASES | CPU_BLOCKS | CPU_ORDINARY,
    ]
} else {
    &[
        CPU_ERMS | CPU_ALIASES | CPU_BLOCKS | CPU_ORDINARY,
        CPU_ERMS | CPU_ALIASES,
        CPU_ERMS | CPU_BLOCKS,
        CPU_ALIASES | CPU_BLOCKS | CPU_ORDINARY,
    ]
};
#[cfg(feature = "__tests")]
const CHOICES: u8 = CPU_AVX2 | CPU_ERMS | CPU_ORDINARY | CPU_BLOCKS | CPU_ALIASES;

/// Whether this CPU can execute a path. The paths without AVX2 differ in speed only.
#[cfg(feature = "__tests")]
pub(crate) fn can_take(path: usize) -> bool {
    ask_cpu();
    let known = CPU.load(Ordering::Relaxed);
    PATHS.get(path).is_some_and(|bits| bits & CPU_AVX2 & !known == 0)
}

/// Makes the routines take a path, as if CPUID reported its features. What CPUID reported about SMAP stays.
#[cfg(feature = "__tests")]
pub(crate) fn force_cpu(path: usize) {
    ask_cpu();
    let known = CPU.load(Ordering::Relaxed);
    CPU.store(known & !CHOICES | PATHS[path], Ordering::Relaxed);
}

/// Makes the next routine ask CPUID again.
#[cfg(feature = "__tests")]
pub(crate) fn forget_cpu() {
    CPU.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::can_translate;

    #[test]
    fn between_the_halves_lies_a_hole() {
        for (addr, is_canonical) in
            [(0, true), ((1 << 47) - 1, true), (1 << 47, false), ((!0 << 47) - 1, false), (!0 << 47, true)]
        {
            assert_eq!(can_translate(addr), is_canonical, "{addr:#x}");
        }
    }
}
