// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the cases know of each machine: one place.

use crate::site::PAGE;

/// Addresses that no page table can map, in whatever number of levels: the first, the last page, and two between.
#[cfg(target_arch = "x86_64")]
pub(crate) const UNTRANSLATABLE: [usize; 4] = hole(1 << 47, 0x5555_0000_0000_0100);
/// The same; the top byte may be ignored.
#[cfg(target_arch = "aarch64")]
pub(crate) const UNTRANSLATABLE: [usize; 4] = hole(1 << 52, 0x0055_0000_0000_0100);
/// The same; up to 57 bits are translated.
#[cfg(target_arch = "riscv64")]
pub(crate) const UNTRANSLATABLE: [usize; 4] = hole(1 << 56, 0x5555_0000_0000_0100);
/// The same; in no direct-map window of a kernel's. QEMU translates from 2^47 on as from -2^47 on.
#[cfg(target_arch = "loongarch64")]
pub(crate) const UNTRANSLATABLE: [usize; 4] = hole(1 << 48, 0x5555_0000_0000_0100);

/// Addresses of the kernel's half, and of loongarch64's direct-map windows, which nothing but the check of the
/// range keeps a user from.
pub(crate) const KERNEL_HALF: [usize; 7] = [
    (-1_isize << 47) as usize,
    0xffff_8880_0000_0000,
    0xffff_ffff_8000_0000,
    usize::MAX - 63,
    0x8000_0000_0000_0000,
    0x9000_0000_0020_0000,
    0xa000_0000_0000_0100,
];

/// What lies between the halves of the address space: the lower ends at `start`, and `middle` is between them.
const fn hole(start: usize, middle: usize) -> [usize; 4] {
    [start, start + 0x123_4800, middle, start.wrapping_neg() - PAGE]
}
