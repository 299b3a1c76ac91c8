// SPDX-License-Identifier: MIT OR Apache-2.0
//! The line of ArceOS crates that this kernel stands on: what the two do not have in common, under one name.
//!
//! - `earlier`: axhal, axmm and axcpu 0.3, where that line ended. `tests/kernel` is its manifest.
//! - `living`: ax-hal 0.8, ax-mm 0.8, ax-cpu 0.10 and on, which the kernels of today stand on. `tests/kernel-living` is its
//!   manifest; it gives the crates the names of the earlier ones.
//!
//! Each has, besides what both lines' crates call alike:
//!
//! - `asm`: interrupts of this CPU, its TLB and the root of its page table.
//! - `TrapFrame`, `TaskContext`, `Pte`; `new_task`, `switch`, `may_switch`.
//! - `entry`: what [`pte`](crate::pte) must know of a page-table entry.
//! - `page`, `root`: what an address space says of its page table. `map`: an area of it.
//! - `PROTECT_IS_OF_AREAS`: whether what `protect` does to pages is known of their area, too.
//! - `Task`: what hangs on a task.
//! - `clear_bss`, `init_early`, `init_heap`, `init_later`, and for the other CPUs `start_cpu`, `init_secondary`.
//! - `take_faults_and_interrupts`, `take_timer`, `set_timer`, `acknowledge`: who is called.
//! - `power_off`.

#[cfg(not(feature = "living"))]
mod earlier;
#[cfg(not(feature = "living"))]
pub use earlier::*;

#[cfg(feature = "living")]
mod living;
#[cfg(feature = "living")]
pub use living::*;
