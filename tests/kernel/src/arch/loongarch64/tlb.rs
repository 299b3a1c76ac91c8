// SPDX-License-Identifier: MIT OR Apache-2.0
//! Translations written into the TLB as the page table has them: the refill under QEMU forgets some of their
//! bits.

use core::arch::asm;

use memory_addr::{MemoryAddr, va};

use crate::{pte, space::PAGE};

/// Calls `f` while the TLB holds the entries of the page at `addr` and of its neighbour, whole.
pub fn with_entries_of<R>(addr: usize, f: impl FnOnce() -> R) -> R {
    let pair = addr.align_down(2 * PAGE);
    let [even, odd] = [pair, pair + PAGE].map(|page| pte::change(page, |entry| entry).keep());
    crate::line::asm::flush_tlb(Some(va!(addr)));
    write(pair, even, odd);
    let result = f();
    crate::line::asm::flush_tlb(Some(va!(addr)));
    result
}

/// Writes an entry for two pages (Reference Manual vol. 1, chapter 7).
fn write(pair: usize, even: u64, odd: u64) {
    /// The software's own bits of a page-table entry.
    const SOFTWARE: u64 = 0xf80;
    /// The first entry behind the set-associative part, where no refill puts one of 4 KiB pages.
    const INDEX: usize = 2048;
    const PAGE_SIZE: usize = 12 << 24;

    // SAFETY: both pages are the user's, and the entry says what the page table does.
    unsafe {
        asm!(
            "csrwr {index}, 0x10",
            "csrwr {pair}, 0x11",
            "csrwr {even}, 0x12",
            "csrwr {odd}, 0x13",
            "tlbwr",
            index = inout(reg) PAGE_SIZE | INDEX => _,
            pair = inout(reg) pair => _,
            even = inout(reg) even & !SOFTWARE => _,
            odd = inout(reg) odd & !SOFTWARE => _,
            options(nostack),
        );
    }
}
