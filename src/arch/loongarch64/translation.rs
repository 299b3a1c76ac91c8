// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which addresses the machine translates (Reference Manual vol. 1, chapter 5).

use core::arch::asm;

use super::{bits_of, configuration};
use crate::arch::width::is_sign_extension;

/// Whether a page table may map the address, or a direct-map window holds it. Another raises an address error (ADE), and no
/// page fault. For kernels.
pub(crate) fn can_translate(addr: usize) -> bool {
    let word = configuration();
    is_sign_extension(addr, bits_of(word))
        || windows().iter().any(|&window| holds(window, addr, physical_bits(word)))
}

/// Whether kernel code reaches the address through the window, by the window's register (vol. 1, chapter 7, DMW).
const fn holds(window: usize, addr: usize, physical_bits: u32) -> bool {
    const PLV0: usize = 1;
    const SEGMENT: u32 = 60;
    let offset = addr << 4 >> 4;
    window & PLV0 != 0 && window >> SEGMENT == addr >> SEGMENT && offset >> physical_bits == 0
}

/// PALEN of configuration word 1, which holds PALEN - 1.
const fn physical_bits(word: usize) -> u32 {
    (word >> 4 & 0xff) as u32 + 1
}

/// The registers of the four windows.
fn windows() -> [usize; 4] {
    macro_rules! read {
        ($($number:literal)+) => {[$({
            let window: usize;
            // SAFETY: reads a register, in kernel mode.
            unsafe { asm!("csrrd {}, {}", out(reg) window, const $number, options(nomem, nostack, preserves_flags)) };
            window
        }),+]};
    }
    read!(0x180 0x181 0x182 0x183)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_the_physical_addresses_of_its_segment() {
        let cached = 0x9000_0000_0000_0011;
        for addr in [0x9000_0000_0000_0000, 0x9000_0000_1234_5678, 0x9000_ffff_ffff_ffff] {
            assert!(holds(cached, addr, 48), "{addr:#x}");
            assert!(!holds(cached & !1, addr, 48), "{addr:#x}, which is not for the kernel");
        }
        for addr in [0, 0x8000_0000_0000_0000, 0x9001_0000_0000_0000, 0x9800_0000_0000_0000, usize::MAX] {
            assert!(!holds(cached, addr, 48), "{addr:#x}");
        }
        // The word of a 3A5000.
        assert_eq!(physical_bits(0x3f2_f2fe), 48);
    }
}
