// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who is asked for a page: the pager behind axptr's vector, and the handler behind axcpu's.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axhal::{mem::VirtAddr, trap::PageFaultFlags};
use axptr::{Access, FaultKind, region::AddressSpace};
use kspin::SpinNoIrq;

use crate::{
    arch::{self, window},
    smp, space, task, traps,
};

/// What tells a fault of user memory's from a bug of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// The exception table, through axptr's vector.
    Table,
    /// The exception table, asked by the kernel's own trap entry: no vector of axptr's.
    TableInOwnHandler,
    /// The exception table, of which ax-cpu has a copy in its own: nothing of axptr's is installed. What a fault was about
    /// nobody says then.
    #[cfg(feature = "living")]
    TableInAxCpu,
    /// `ACCESSING_USER_MEM`, in the handler behind axcpu's: a kernel of the earlier axptr's time. There is no
    /// vector, so what the handler refuses is axcpu's panic.
    #[cfg(not(feature = "living"))]
    Flag,
}

/// Puts in front of this CPU's handlers of axcpu's what decides. The counter comes in front of it later.
pub fn install(decides: Decides) {
    match decides {
        Decides::Table => put_vector_in_front(),
        Decides::TableInOwnHandler => arch::own::install(),
        #[cfg(feature = "living")]
        Decides::TableInAxCpu => IN_AX_CPU.store(true, Ordering::Relaxed),
        #[cfg(not(feature = "living"))]
        Decides::Flag => BY_FLAG.store(true, Ordering::Relaxed),
    }
}

fn put_vector_in_front() {
    window::watch_what_is_passed_on();
    for _ in ["the first call installs it", "the second finds it done"] {
        // SAFETY: (1) axcpu's table of handlers is writable, and nothing faults here; (2) its handlers stay, and
        // are entered with interrupts off; (3) the target has no vector registers.
        unsafe { axptr::vector::install(pager) }.expect("axcpu has handlers");
        assert!(axptr::vector::is_in_front(), "installed on this CPU, and does not see it");
    }
}

/// What the pager found when it was called.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What it was asked for.
    pub addr: usize,
    pub access: Access,
    /// Whether user memory was open to kernel code.
    pub window_open: bool,
    /// Whether interrupts were on.
    pub irqs_on: bool,
    /// Whether axptr said that it was accessing user memory.
    pub accessing: bool,
    /// Whether somebody held the lock of the address space.
    pub space_locked: bool,
}

static LAST_CALL: SpinNoIrq<Option<Call>> = SpinNoIrq::new(None);
static DETOUR: SpinNoIrq<Option<fn()>> = SpinNoIrq::new(None);

/// The last call of the pager since this was asked last.
pub fn last_call() -> Option<Call> {
    LAST_CALL.lock().take()
}

/// Lets the next call of the pager do `detour` first.
pub fn before_next_page(detour: fn()) {
    *DETOUR.lock() = Some(detour);
}

/// Whether the detour has been taken.
pub fn detour_taken() -> bool {
    DETOUR.lock().take().is_none()
}

/// What axptr asks for a page.
pub fn pager(addr: usize, access: Access) -> bool {
    let task = task::current();
    let call = Call {
        addr,
        access,
        window_open: window::is_open(),
        irqs_on: crate::line::asm::irqs_enabled(),
        accessing: axptr::is_accessing_user_memory(),
        // Of several CPUs, another one may hold it: then this one waits.
        space_locked: !smp::at_work()
            && match &task {
                Some(task) => task.aspace.try_lock().is_none(),
                None => space::space().try_lock().is_none(),
            },
    };
    *LAST_CALL.lock() = Some(call);
    if call.space_locked {
        // The case fails by its copy instead of hanging.
        return false;
    }
    let detour = DETOUR.lock().take();
    if let Some(detour) = detour {
        detour();
    }
    let accessible = match task {
        Some(task) => task.aspace.lock().handle_fault(addr, access),
        None => space::space().lock().handle_fault(addr, access),
    };
    if accessible {
        // Where another CPU has made the page, this one may remember that there was none.
        crate::line::asm::flush_tlb(Some(VirtAddr::from(addr)));
    }
    accessible
}

static PASSED_ON: AtomicUsize = AtomicUsize::new(0);
static IN_AX_CPU: AtomicBool = AtomicBool::new(false);
#[cfg(not(feature = "living"))]
static BY_FLAG: AtomicBool = AtomicBool::new(false);

/// Whether ax-cpu decides: no frame is handed to axptr, and no landing is told a kind.
pub fn in_ax_cpu() -> bool {
    IN_AX_CPU.load(Ordering::Relaxed)
}

/// What a landing is told of a fault of this kind.
pub fn told(kind: FaultKind) -> FaultKind {
    if in_ax_cpu() { FaultKind::Unknown } else { kind }
}

/// How many page faults have come to axcpu's handler.
pub fn passed_on() -> usize {
    PASSED_ON.load(Ordering::Relaxed)
}

/// The kernel's own faults: those in its lazy memory are repaired, all others are bugs, unless the flag decides.
pub fn of_the_kernels_own(addr: VirtAddr, access: PageFaultFlags) -> bool {
    if in_ax_cpu() && addr.as_usize() < axptr::user_limit() {
        // The hook is all there is: it is asked for user memory, too.
        let write = access.contains(PageFaultFlags::WRITE);
        return pager(addr.as_usize(), if write { Access::Write } else { Access::Read });
    }
    PASSED_ON.fetch_add(1, Ordering::Relaxed);
    if space::KERNEL_LAZY.contains(addr.as_usize()) {
        return axmm::kernel_aspace().lock().handle_page_fault(addr, access);
    }
    by_flag(addr, access)
}

/// What is left is a bug.
#[cfg(feature = "living")]
fn by_flag(_: VirtAddr, _: PageFaultFlags) -> bool {
    false
}

#[cfg(not(feature = "living"))]
fn by_flag(addr: VirtAddr, access: PageFaultFlags) -> bool {
    let is_user = access.contains(PageFaultFlags::USER);
    BY_FLAG.load(Ordering::Relaxed)
        && task::current().is_some_and(|task| axptr_legacy::handle_page_fault(&task, addr, access, is_user))
}

/// Faults, by what they were about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traps {
    /// Page faults.
    pub page: usize,
    /// Addresses that no page table can map.
    pub out_of_reach: usize,
}

impl Traps {
    /// No fault at all.
    pub const NONE: Self = Self::pages(0);

    /// `count` page faults.
    pub const fn pages(count: usize) -> Self {
        Self { page: count, out_of_reach: 0 }
    }

    /// All so far.
    pub fn now() -> Self {
        Self { page: traps::page_faults(), out_of_reach: traps::out_of_reach() }
    }
}

/// Calls `f` and counts the faults meanwhile.
pub fn counted<R>(f: impl FnOnce() -> R) -> (R, Traps) {
    let before = Traps::now();
    let result = f();
    let after = Traps::now();
    let traps =
        Traps { page: after.page - before.page, out_of_reach: after.out_of_reach - before.out_of_reach };
    (result, traps)
}
