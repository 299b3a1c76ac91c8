// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts each fault that kernel code takes over data, in front of whoever handles it.
//!
//! Knows nothing of axptr. The machine's part is `arch::counter`.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static PAGE_FAULTS: AtomicUsize = AtomicUsize::new(0);
static OUT_OF_REACH: AtomicUsize = AtomicUsize::new(0);
static LAST_PC: AtomicUsize = AtomicUsize::new(0);

/// More than the kernel's code has bytes.
const CODE: usize = 4 << 20;

/// For each byte of the kernel's code, whether the instruction that begins there has ever faulted.
static FAULTED: [AtomicBool; CODE] = [const { AtomicBool::new(false) }; CODE];

unsafe extern "C" {
    safe static _stext: u8;
}

/// What a fault was about, in the words of the machine's own vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Class {
    /// A page.
    Page = 0,
    /// An address that no page table can map, or an access that no page explains.
    OutOfReach = 1,
}

/// What the machine's counter calls, in the fault, with all registers of the faulting code kept.
///
/// Takes no lock and cannot fault.
pub extern "C" fn record(pc: usize, class: Class) {
    let counter = match class {
        Class::Page => &PAGE_FAULTS,
        Class::OutOfReach => &OUT_OF_REACH,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    LAST_PC.store(pc, Ordering::Relaxed);
    if let Some(faulted) = FAULTED.get(offset(pc)) {
        faulted.store(true, Ordering::Relaxed);
    }
}

/// How many page faults there were.
pub fn page_faults() -> usize {
    PAGE_FAULTS.load(Ordering::Relaxed)
}

/// How many faults there were over addresses that no page table can map.
pub fn out_of_reach() -> usize {
    OUT_OF_REACH.load(Ordering::Relaxed)
}

/// The program counter of the last fault.
pub fn last_pc() -> usize {
    LAST_PC.load(Ordering::Relaxed)
}

/// Whether the instruction at `pc` has ever faulted.
pub fn at(pc: usize) -> bool {
    FAULTED.get(offset(pc)).is_some_and(|faulted| faulted.load(Ordering::Relaxed))
}

fn offset(pc: usize) -> usize {
    pc.wrapping_sub((&raw const _stext).addr())
}
