// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table entries of the active address space, edited without the kernel's help.

use axhal::{
    mem::{PhysAddr, VirtAddr, phys_to_virt},
    paging::MappingFlags,
};

use crate::{
    arch::{PAGE_TABLE_LEVELS, Pte},
    line,
};

/// Maps `frame` for user mode at `addr`, if nothing is mapped there, and says whether it is now.
///
/// The page table must be there already.
pub fn map_user(addr: usize, frame: PhysAddr) -> bool {
    let entry = entry(addr);
    // SAFETY: `entry` returned an entry of the active page table.
    let old = unsafe { entry.read_volatile() };
    if line::entry::is_present(old) {
        return false;
    }
    // SAFETY: as above; the page was absent.
    unsafe { entry.write_volatile(line::entry::of_user_page(frame)) };
    // Some machines remember that there was none.
    crate::line::asm::flush_tlb(Some(VirtAddr::from(addr)));
    true
}

/// Takes away what [`map_user`] has mapped.
pub fn unmap(addr: usize) {
    let _ = change(addr, |_| 0).keep();
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
    change_of(entry(addr), addr, change)
}

/// Maps `frame` as the larger page that begins at `addr`, where nothing is mapped.
///
/// The page table that its entry lies in must be there already.
pub fn map_large(addr: usize, frame: PhysAddr, flags: MappingFlags) -> Changed {
    // SAFETY: writes an integer's bits, of which an entry is made.
    let large = unsafe { core::mem::transmute::<Pte, u64>(line::entry::of_larger_page(frame, flags)) };
    let entry = entry_of_level(crate::line::asm::read_user_page_table(), addr, 1);
    change_of(entry, addr, |former| {
        assert_eq!(former, 0, "something is mapped at {addr:#x}");
        large
    })
}

fn change_of(entry: *mut Pte, addr: usize, change: impl FnOnce(u64) -> u64) -> Changed {
    const { assert!(size_of::<Pte>() == size_of::<u64>()) };
    let entry = entry.cast::<u64>();
    // SAFETY: it is an entry of the active page table.
    let former = unsafe { entry.read_volatile() };
    // SAFETY: as above; the caller knows what follows from the change.
    unsafe { entry.write_volatile(change(former)) };
    crate::line::asm::flush_tlb(Some(VirtAddr::from(addr)));
    Changed { addr, entry, former }
}

impl Changed {
    /// Leaves it so, and returns what it was.
    pub fn keep(self) -> u64 {
        core::mem::ManuallyDrop::new(self).former
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        // SAFETY: the entry is still one of the active page table.
        unsafe { self.entry.write_volatile(self.former) };
        crate::line::asm::flush_tlb(Some(VirtAddr::from(self.addr)));
    }
}

/// Marks the entry of a page that is not there, in a bit that no machine looks at then: it is not 0.
#[cfg(feature = "living")]
pub fn mark_absent(root: PhysAddr, addr: usize) {
    const MARK: u64 = 1 << 9;
    // SAFETY: `entry_in` returned an entry of that page table, and nobody uses the page.
    unsafe { entry_in(root, addr).cast::<u64>().write_volatile(MARK) };
}

/// The entry of the 4 KiB page at `addr`.
fn entry(addr: usize) -> *mut Pte {
    entry_in(crate::line::asm::read_user_page_table(), addr)
}

/// The same in the page table with this root.
fn entry_in(root: PhysAddr, addr: usize) -> *mut Pte {
    entry_of_level(root, addr, 0)
}

/// The entry for `addr` of a level: 0 has that of a page, 1 that of a larger one.
fn entry_of_level(root: PhysAddr, addr: usize, wanted: u32) -> *mut Pte {
    let mut table = root;
    for level in (wanted + 1..PAGE_TABLE_LEVELS).rev() {
        // SAFETY: the upper levels of the active page table are only ever extended.
        let entry = unsafe { slot(table, addr, level).read_volatile() };
        table = line::entry::next_table(entry).unwrap_or_else(|| panic!("no page table for {addr:#x}"));
    }
    slot(table, addr, wanted)
}

/// The entry for `addr` in the table of this level.
fn slot(table: PhysAddr, addr: usize, level: u32) -> *mut Pte {
    let index = addr >> (12 + 9 * level) & 511;
    phys_to_virt(table).as_mut_ptr().cast::<Pte>().wrapping_add(index)
}
