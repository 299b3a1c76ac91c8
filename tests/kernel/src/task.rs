// SPDX-License-Identifier: MIT OR Apache-2.0
//! A task with an address space of its own, for as long as a case lasts.

use alloc::{sync::Arc, vec, vec::Vec};

use axhal::paging::MappingFlags;
use kspin::SpinNoIrq;
use memory_addr::va;

use crate::{
    line,
    space::{self, PAGE},
};

pub use crate::line::Task;

/// Where the tasks' own memory begins; [`space`] has nothing there.
pub const BASE: usize = 0x30_0000_0000;

/// What user memory is mapped with.
pub const READ_WRITE: MappingFlags = READ_ONLY.union(MappingFlags::WRITE);
/// The same without writes.
pub const READ_ONLY: MappingFlags = MappingFlags::READ.union(MappingFlags::USER);

static CURRENT: SpinNoIrq<Option<Arc<Task>>> = SpinNoIrq::new(None);

/// The task that runs, if any: else the user memory is [`space`]'s.
pub fn current() -> Option<Arc<Task>> {
    CURRENT.lock().clone()
}

/// Calls `f` with a task without memory, in whose address space the kernel runs meanwhile.
pub fn with<R>(f: impl FnOnce(&Task) -> R) -> R {
    let areas = axmm::new_user_aspace(va!(space::BASE), space::END - space::BASE).expect("an address space");
    let root = line::root(&areas);
    let task = Arc::new(Task { aspace: SpinNoIrq::new(areas) });
    let before = crate::line::asm::read_user_page_table();
    *CURRENT.lock() = Some(task.clone());
    // SAFETY: `root` holds the kernel's mappings too, and lives as long as `task`.
    unsafe { crate::line::asm::write_user_page_table(root) };
    crate::line::asm::flush_tlb(None);
    let result = f(&task);
    // SAFETY: it was in place before, and nobody has freed it.
    unsafe { crate::line::asm::write_user_page_table(before) };
    crate::line::asm::flush_tlb(None);
    *CURRENT.lock() = None;
    result
}

/// Maps pages from page `index` of a task's memory on, and returns their address.
pub fn map(task: &Task, index: usize, count: usize, flags: MappingFlags, populate: bool) -> usize {
    let start = BASE + index * PAGE;
    let mapped = line::map(&mut task.aspace.lock(), start, count * PAGE, flags, populate);
    assert_eq!(mapped, Ok(()), "{count} pages at {start:#x}");
    start
}

/// Reads a task's memory through the kernel's own mapping of its pages.
pub fn peek(task: &Task, addr: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let read = task.aspace.lock().read(va!(addr), &mut bytes);
    assert_eq!(read, Ok(()), "{len} bytes at {addr:#x}");
    bytes
}

/// Writes a task's memory in the way of [`peek`].
pub fn poke(task: &Task, addr: usize, bytes: &[u8]) {
    let written = task.aspace.lock().write(va!(addr), bytes);
    assert_eq!(written, Ok(()), "{} bytes at {addr:#x}", bytes.len());
}

/// Whether the byte at `addr` has a page at this moment.
pub fn is_present(task: &Task, addr: usize) -> bool {
    line::page(&task.aspace.lock(), addr).is_some()
}
