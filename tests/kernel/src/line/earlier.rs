// SPDX-License-Identifier: MIT OR Apache-2.0
//! The earlier line.

use alloc::vec;

use axhal::{
    mem::{PhysAddr, VirtAddr, virt_to_phys},
    paging::MappingFlags,
    trap::{IRQ, PAGE_FAULT, PageFaultFlags, register_trap_handler},
};
use axmm::AddrSpace;
use memory_addr::{MemoryAddr, va};

pub use axcpu::{TaskContext, TrapFrame};
pub use axhal::asm;
pub use axptr_legacy::Task;

#[cfg(target_arch = "aarch64")]
pub use page_table_entry::aarch64::A64PTE as Pte;
#[cfg(target_arch = "loongarch64")]
pub use page_table_entry::loongarch64::LA64PTE as Pte;
#[cfg(target_arch = "riscv64")]
pub use page_table_entry::riscv::Rv64PTE as Pte;
#[cfg(target_arch = "x86_64")]
pub use page_table_entry::x86_64::X64PTE as Pte;

/// The stack of each of the other CPUs.
const STACK_WORDS: usize = 8192;

/// Page-table entries.
pub mod entry {
    use page_table_entry::GenericPTE;

    use super::{MappingFlags, PhysAddr, Pte};

    /// Whether a page is there. An entry of axmm's that waits for its page is not 0 on every machine.
    pub fn is_present(entry: Pte) -> bool {
        entry.is_present()
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
        // Not `is_present`: the entry of a table has no such bit on every machine.
        (!entry.is_unused() && !entry.is_huge()).then(|| entry.paddr())
    }
}

/// The frame of the page with the byte at `addr`, and what may be done to it.
pub fn page(areas: &AddrSpace, addr: usize) -> Option<(PhysAddr, MappingFlags)> {
    let (frame, flags, _) = areas.page_table().query(va!(addr).align_down_4k()).ok()?;
    Some((frame, flags))
}

/// Maps an area, whose pages come at once or at their first fault.
pub fn map(
    areas: &mut AddrSpace,
    start: usize,
    len: usize,
    flags: MappingFlags,
    populate: bool,
) -> axerrno::AxResult {
    areas.map_alloc(va!(start), len, flags, populate)
}

/// It changes the page table only.
pub const PROTECT_IS_OF_AREAS: bool = false;

/// The root of its page table.
pub fn root(areas: &AddrSpace) -> PhysAddr {
    areas.page_table_root()
}

/// A task that begins in `entry`, with its stack below `top`.
pub fn new_task(entry: usize, top: VirtAddr) -> TaskContext {
    let mut context = TaskContext::new();
    context.init(entry, top, va!(0));
    context
}

/// Switches to another task; returns when somebody switches back.
///
/// # Safety
///
/// Nobody else uses the two contexts; that of the task that comes is a new one, or what it has left here.
pub unsafe fn switch(leaving: *mut TaskContext, coming: *mut TaskContext) {
    // SAFETY: the caller vouches for both.
    let leaving = unsafe { &mut *leaving };
    // SAFETY: as above.
    leaving.switch_to(unsafe { &*coming });
}

/// Whether the task of this CPU may be switched, in an interrupt: nothing here says that it must stay.
pub fn may_switch() -> bool {
    true
}

/// Clears `.bss`.
///
/// # Safety
///
/// What it holds may be forgotten.
pub unsafe fn clear_bss() {
    // SAFETY: the caller vouches for it; the stack lies outside.
    unsafe { axhal::mem::clear_bss() };
}

/// Brings up what needs no memory.
pub fn init_early(cpu_id: usize, arg: usize) {
    axplat::percpu::init_primary(cpu_id);
    axhal::init_early(cpu_id, arg);
}

/// Gives the heap its memory.
pub fn init_heap(start: usize, len: usize) {
    axalloc::global_init(start, len);
}

/// Brings up the rest, behind memory management.
pub fn init_later(cpu_id: usize, arg: usize) {
    axhal::init_later(cpu_id, arg);
}

/// Starts another CPU.
pub fn start_cpu(id: usize) {
    let stack = vec![0_u128; STACK_WORDS].leak();
    let top = virt_to_phys(va!(stack.as_ptr_range().end.addr()));
    axplat::power::cpu_boot(id, top.as_usize());
}

/// Brings up what the other CPUs have of their own.
pub fn init_secondary(cpu_id: usize) {
    axplat::percpu::init_secondary(cpu_id);
    axplat::init::init_early_secondary(cpu_id);
    axmm::init_memory_management_secondary();
    axplat::init::init_later_secondary(cpu_id);
}

/// Nothing: the linker has collected the two below.
pub fn take_faults_and_interrupts() {}

#[register_trap_handler(PAGE_FAULT)]
fn page_fault(addr: VirtAddr, access: PageFaultFlags) -> bool {
    crate::fault::of_the_kernels_own(addr, access)
}

#[register_trap_handler(IRQ)]
fn interrupt(vector: usize) -> bool {
    crate::smp::timer::on_interrupt(vector);
    true
}

/// Has `on_tick` called when a CPU's timer goes off.
pub fn take_timer(on_tick: fn()) {
    let taken = axplat::irq::register(axplat::time::irq_num(), on_tick);
    assert!(taken, "the timer's interrupt is somebody else's");
}

/// Sets this CPU's timer.
pub fn set_timer(deadline: u64) {
    axplat::time::set_oneshot_timer(deadline);
}

/// Calls who has taken an interrupt, and tells its controller that it is done.
pub fn acknowledge(vector: usize) {
    let _ = axplat::irq::handle(vector);
}

/// Turns the machine off.
pub fn power_off() -> ! {
    axhal::power::system_off()
}
