// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table entries of the active address space (SDM vol. 3, 4.5), edited without the kernel's help.

use core::arch::asm;

use axhal::mem::{PhysAddr, VirtAddr, phys_to_virt};

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const LARGE: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// A bit that must be 0 on CPUs with fewer than 52 address bits.
pub const RESERVED: u64 = 1 << 51;

/// Maps `frame` for user mode at `addr`, if nothing is mapped there, and says whether it is now.
///
/// The page table must be there already.
pub fn map_user(addr: usize, frame: PhysAddr) -> bool {
    let entry = entry(addr);
    // SAFETY: `entry` returned an entry of the active page table.
    let old = unsafe { entry.read_volatile() };
    if old != 0 {
        return false;
    }
    let new = frame.as_usize() as u64 | PRESENT | WRITABLE | USER;
    // SAFETY: as above; the page was absent.
    unsafe { entry.write_volatile(new) };
    true
}

/// Takes away what [`map_user`] has mapped.
pub fn unmap(addr: usize) {
    // SAFETY: `entry` returned an entry of the active page table.
    unsafe { entry(addr).write_volatile(0) };
    axhal::asm::flush_tlb(Some(VirtAddr::from(addr)));
}

/// An entry that is changed until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Changed {
    addr: usize,
    entry: *mut u64,
    former: u64,
}

/// Changes the entry of the page at `addr`.
pub fn change(addr: usize, change: impl FnOnce(u64) -> u64) -> Changed {
    let entry = entry(addr);
    // SAFETY: `entry` returned an entry of the active page table.
    let former = unsafe { entry.read_volatile() };
    // SAFETY: as above; the caller knows what follows from the change.
    unsafe { entry.write_volatile(change(former)) };
    axhal::asm::flush_tlb(Some(VirtAddr::from(addr)));
    Changed { addr, entry, former }
}

impl Drop for Changed {
    fn drop(&mut self) {
        // SAFETY: the entry is still one of the active page table.
        unsafe { self.entry.write_volatile(self.former) };
        axhal::asm::flush_tlb(Some(VirtAddr::from(self.addr)));
    }
}

/// The entry of the 4 KiB page at `addr`.
fn entry(addr: usize) -> *mut u64 {
    let root: u64;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, cr3", out(reg) root, options(nomem, nostack, preserves_flags)) };
    let mut table = root;
    for level in [3, 2, 1] {
        // SAFETY: the upper levels of the active page table are only ever extended.
        table = unsafe { slot(table, addr, level).read_volatile() };
        assert!(table & PRESENT != 0 && table & LARGE == 0, "no page table for {addr:#x}");
    }
    slot(table, addr, 0)
}

/// The entry for `addr` in the table of this level.
fn slot(table: u64, addr: usize, level: u32) -> *mut u64 {
    let table = phys_to_virt(PhysAddr::from((table & ADDRESS) as usize));
    let index = addr >> (12 + 9 * level) & 511;
    table.as_mut_ptr().cast::<u64>().wrapping_add(index)
}
