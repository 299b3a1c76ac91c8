// SPDX-License-Identifier: MIT OR Apache-2.0
//! The living line, on its one platform crate: axplat-dyn, which finds out at boot what machine it is on.
//!
//! On that line much is the runtime's: locks, what drivers ask for. This kernel is its own runtime.

mod drivers;
mod locks;
#[cfg(target_arch = "loongarch64")]
mod loongarch64;
mod tasks;

use core::fmt::{self, Write};

use axcpu::trap::{InterruptedContext, TrapOrigin};
use axhal::{
    irq::{CpuMask, IrqReturn},
    mem::{PhysAddr, VirtAddr},
    paging::{MappingFlags, PageTableRef, PagingAllocator},
    trap::{PageFaultFlags, set_irq_handler, set_page_fault_handler},
};
use axmm::{AddrSpace, MmResult};
use kspin::SpinNoIrq;
use memory_addr::{MemoryAddr, va};

pub use axcpu::{context::UserRegisters as TrapFrame, paging::Pte};

use crate::{pte, smp::MOST, space::PAGE};

pub use locks::may_switch;
pub use tasks::{TaskContext, new_task, switch};

/// The CPU's own.
pub mod asm {
    pub use axcpu::{
        interrupt::{disable_irqs, enable_irqs, irqs_enabled, wait_for_irqs},
        mmu::{flush_tlb, read_user_page_table, write_user_page_table},
    };
}

/// Page-table entries.
pub mod entry {
    use axcpu::paging::PageTableEntry;

    use super::{MappingFlags, PhysAddr, Pte};

    /// Whether a page is there.
    pub fn is_present(entry: Pte) -> bool {
        entry.present()
    }

    /// One for a page of user memory.
    pub fn of_user_page(frame: PhysAddr) -> Pte {
        Pte::new_page(frame, MappingFlags::READ | MappingFlags::WRITE | MappingFlags::USER, false)
    }

    /// One for a page of the next larger size, in a table of the next higher level.
    pub fn of_larger_page(frame: PhysAddr, flags: MappingFlags) -> Pte {
        Pte::new_page(frame, flags, true)
    }

    /// The next table, if it names one.
    pub fn next_table(entry: Pte) -> Option<PhysAddr> {
        (!entry.unused() && !entry.huge(true)).then(|| entry.paddr(true))
    }
}

/// The frame of the page with the byte at `addr`, and what may be done to it.
pub fn page(areas: &AddrSpace, addr: usize) -> Option<(PhysAddr, MappingFlags)> {
    let flags = areas.mapping_flags(va!(addr)).ok()?;
    // SAFETY: the table of `areas`, which nobody changes while they are borrowed.
    let table: PageTableRef = unsafe { PageTableRef::from_paddr(root(areas), PagingAllocator) };
    let (frame, ..) = table.query(va!(addr).align_down_4k()).ok()?;
    Some((frame, flags))
}

/// Maps an area, whose pages come at once or at their first fault.
///
/// In ax-mm 0.8.4, no page of an area that is not populated ever comes: it leaves entries of 0, which its own
/// `handle_page_fault` takes for unmapped. With a mark in the entry, it does what it should.
pub fn map(areas: &mut AddrSpace, start: usize, len: usize, flags: MappingFlags, populate: bool) -> MmResult {
    areas.map_alloc(va!(start), len, flags, populate)?;
    if !populate {
        let root = root(areas);
        for page in (start..start + len).step_by(PAGE) {
            pte::mark_absent(root, page);
        }
    }
    Ok(())
}

/// It cuts the area in pieces.
pub const PROTECT_IS_OF_AREAS: bool = true;

/// The root of its page table. ax-mm keeps it to itself, but tells it to those who debug.
pub fn root(areas: &AddrSpace) -> PhysAddr {
    const FIELD: &str = "page_table_root: PA:0x";
    let mut said = Said { text: [0; 256], len: 0 };
    // It ends where there is no room for more.
    let _ = write!(said, "{areas:?}");
    let text = core::str::from_utf8(&said.text[..said.len]).expect("it is text");
    let (_, behind) = text.split_once(FIELD).expect("ax-mm tells the root");
    let digits = behind.split(|c: char| !c.is_ascii_hexdigit()).next();
    let root = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
    PhysAddr::from(root.expect("the root is a number"))
}

/// The beginning of a text.
struct Said {
    text: [u8; 256],
    len: usize,
}

impl Write for Said {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let place = self.text.get_mut(self.len..self.len + more.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(more.as_bytes());
        self.len += more.len();
        Ok(())
    }
}

/// What hangs on a task.
#[derive(Debug)]
pub struct Task {
    /// Its memory. The page-fault handler takes this lock.
    pub aspace: SpinNoIrq<AddrSpace>,
}

impl axptr::AddrSpaceProvider for &Task {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut AddrSpace) -> R) -> R {
        f(&mut self.aspace.lock())
    }
}

/// Nothing: the platform has done so.
///
/// # Safety
///
/// None.
pub unsafe fn clear_bss() {}

/// Brings up what needs no memory.
pub fn init_early(cpu_id: usize, arg: usize) {
    axhal::percpu::init_primary(cpu_id);
    tasks::begin(cpu_id);
    axalloc::init_percpu_slab(cpu_id);
    axhal::init_early(cpu_id, arg);
}

/// Gives the heap its memory.
pub fn init_heap(start: usize, len: usize) {
    /// A board cannot have less than 1 GiB. To unmap user memory, ax-mm 0.8.4 first takes some of the kernel's for each of
    /// its pages: for so many that would be more than what user memory has left to it.
    const MOST: usize = 128 << 20;
    axalloc::global_init(start, len.min(MOST)).expect("memory that nobody uses");
}

/// Brings up the rest, behind memory management.
pub fn init_later(cpu_id: usize, arg: usize) {
    axhal::init_later(cpu_id, arg);
    drivers::register();
    axhal::irq::init_boot_irqs(cpu_id).expect("an interrupt controller");
    axhal::irq::cpu_online(cpu_id).expect("this CPU runs");
}

/// Starts another CPU.
pub fn start_cpu(id: usize) {
    axhal::power::cpu_boot(id);
}

/// Brings up what the other CPUs have of their own.
pub fn init_secondary(cpu_id: usize) {
    axhal::percpu::init_secondary(cpu_id);
    tasks::begin(cpu_id);
    axalloc::init_percpu_slab(cpu_id);
    axhal::init_early_secondary(cpu_id);
    axmm::init_memory_management_secondary();
    axhal::init_later_secondary(cpu_id);
    axhal::irq::cpu_online(cpu_id).expect("this CPU runs");
}

/// Lets the kernel have them; all CPUs share the hooks.
pub fn take_faults_and_interrupts() {
    let _ = set_page_fault_handler(crate::fault::of_the_kernels_own as fn(VirtAddr, PageFaultFlags) -> bool);
    let _ = set_irq_handler(interrupt);
}

fn interrupt(vector: usize, _: TrapOrigin, _: Option<InterruptedContext>) -> bool {
    crate::smp::timer::on_interrupt(vector);
    true
}

/// Has `on_tick` called when a CPU's timer goes off.
pub fn take_timer(on_tick: fn()) {
    let taken = move |_| {
        // What goes on asking until it is set again would be asked for again at once.
        axhal::time::cancel_oneshot_timer();
        on_tick();
        IrqReturn::Handled
    };
    axhal::irq::request_percpu_irq(axhal::time::irq_num(), CpuMask::first_n(MOST), taken)
        .expect("the timer's interrupt is nobody's yet");
}

/// Sets this CPU's timer.
pub fn set_timer(deadline: u64) {
    // `set_oneshot_timer` is for one that has not gone off.
    axhal::time::resume_oneshot_timer(deadline);
}

/// Calls who has taken an interrupt, and tells its controller that it is done.
pub fn acknowledge(vector: usize) {
    axhal::irq::handle_irq(vector, TrapOrigin::Kernel);
}

/// Turns the machine off.
pub fn power_off() -> ! {
    #[cfg(target_arch = "loongarch64")]
    loongarch64::power_off();
    axhal::power::system_off()
}
