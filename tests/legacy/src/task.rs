// SPDX-License-Identifier: MIT OR Apache-2.0
//! A task that owns its address space, and the page-fault handler that goes with it.

use axhal::paging::MappingFlags;
use axmm::AddrSpace;
use axptr::{AddrSpaceProvider, is_accessing_user_memory};
use kspin::SpinNoIrq;
use memory_addr::VirtAddr;

/// What a kernel hangs on its tasks.
#[derive(Debug)]
pub struct Task {
    /// Its memory. The page-fault handler takes this lock.
    pub aspace: SpinNoIrq<AddrSpace>,
}

impl AddrSpaceProvider for &Task {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut AddrSpace) -> R) -> R {
        let mut aspace = self.aspace.lock();
        f(&mut aspace)
    }
}

/// The handler: what the kernel itself does wrong is no page fault of the task's.
pub fn handle_page_fault(task: &Task, addr: VirtAddr, access: MappingFlags, is_user: bool) -> bool {
    if !is_user && !is_accessing_user_memory() {
        return false;
    }
    task.aspace.lock().handle_page_fault(addr, access)
}
