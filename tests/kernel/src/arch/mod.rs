// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this kernel itself knows of a machine.
//!
//! Each machine has these, under the same names:
//!
//! - `LAZY_KERNEL_ADDR`: in the kernel half; [`space`](crate::space) maps eight lazy pages there.
//! - `OUT_OF_REACH`: [`OutOfReach`].
//! - `REACHES_PRIVATE_PAGES`: whether axptr's accesses reach pages in the user half that are the kernel's (no
//!   `USER` flag). Unprivileged accesses do not.
//! - `Pte`, `PAGE_TABLE_LEVELS`: what [`pte`](crate::pte) needs to edit page tables without the kernel's help.
//! - `Features`: what the CPU can do, beyond what every CPU of the machine can. Its `Display` is the line `cpu: ..`
//!   that `cargo xtask kernel` compares (`xtask/src/machine.rs`); `window` says whether there is one, and
//!   `copies_at_once` whether a copy of a page is an instruction that touches both sides, and `reaches` whether the
//!   routines come to an instruction on such a CPU.
//! - `counter::put_in_front`: puts a counter in front of all fault handlers of this CPU, axptr's vector included,
//!   which tells [`traps::record`](crate::traps) of each fault that kernel code takes over data. Called on each
//!   CPU, once the handlers are in place; where CPUs share their table, the later calls find it done.
//! - `access`: the instructions of [`access`](crate::access), and what axcpu says where nobody handles their faults.
//! - `byte_loop`: the instructions of [`byte_loop`](crate::byte_loop).
//! - `frame`: which fields of axcpu's trap frame [`Frame`](crate::frame::Frame) takes.
//! - `window`: the state that keeps kernel code away from user memory. See below.
//! - `own`: a trap vector of the kernel's own, that needs no [`axptr::vector`]: [`own`](crate::own).
//! - `registers`: the instructions of [`cases::registers`](crate::cases), of all machines but x86_64.
//! - `publish_code`: lets the CPU execute what was stored as data.
//! - `cases::own`: the cases that only this machine has, for a CPU with these features, and where axptr's vector
//!   decides. They run when the window is enforced.
//!
//! # The window
//!
//! | | x86_64 | aarch64 | riscv64 | loongarch64 |
//! |---|---|---|---|---|
//! | `Features::window` | SMAP | PAN | always | never |
//! | `enforce` | sets CR4.SMAP | sets PAN | clears SUM, which ArceOS keeps set | must not be called |
//! | `is_enforced` | CR4.SMAP | PAN is set | SUM is clear | false |
//! | `is_open` | RFLAGS.AC | PAN is clear | SUM is set | false |
//! | `open`, `close`, `during` | AC, where there is SMAP | PAN, where there is PAN | SUM | nothing |
//!
//! Whatever it is when a copy begins, it must be behind the copy: a copy restores.

use axptr::FaultKind;

/// Canonical, in the kernel half, and in nobody's map: two entries of the root table behind the lazy pages.
pub const UNMAPPED_KERNEL_ADDR: usize = LAZY_KERNEL_ADDR + (2 << (3 + 9 * PAGE_TABLE_LEVELS));

/// What a landing is told of a page that is there and forbids the access. A page fault of riscv64's does not tell it
/// from an absent one.
pub const FORBIDDEN: FaultKind =
    if cfg!(target_arch = "riscv64") { FaultKind::NotPresent } else { FaultKind::Permission };

/// What the machine makes of addresses that no page table can map.
#[derive(Clone, Copy, Debug)]
pub struct OutOfReach {
    /// Three of them: the first and the last begin a page, the middle one does not.
    ///
    /// The kernel uses no such address, and a write there would hit nothing.
    pub addrs: [usize; 3],
    /// What a landing is told of them.
    pub kind: FaultKind,
    /// The counter calls them [`Class::OutOfReach`](crate::traps::Class), not page faults.
    pub has_a_class: bool,
    /// The machine names the address, so the landing of a range that crosses a page's edge may try what lies
    /// before the edge, at the price of a second trap (`tests/cases/src/oracle.rs`).
    pub may_be_tried_again: bool,
}

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::*;

#[cfg(target_arch = "riscv64")]
mod riscv64;
#[cfg(target_arch = "riscv64")]
pub use riscv64::*;

#[cfg(target_arch = "loongarch64")]
mod loongarch64;
#[cfg(target_arch = "loongarch64")]
pub use loongarch64::*;
