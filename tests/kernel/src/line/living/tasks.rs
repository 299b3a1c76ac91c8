// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks, and how a CPU goes from one to another.
//!
//! On this line a CPU finds its own memory by what it runs: each task has a header, which says what CPU it is on. On some
//! machines the header's address is in a register that ax-cpu's trap entry saves and gives back with the others. So a task
//! that faults on one CPU and goes on on another needs one of its own.

use alloc::boxed::Box;
use core::{pin::Pin, ptr::NonNull};

use axcpu::context::{KernelTlsBase, TaskAnchor};
use axhal::{
    mem::VirtAddr,
    percpu::{
        CpuPin, ExecutionContextHeader, current_context, install_bootstrap_context, prepare_context_switch,
        with_cpu_pin,
    },
};

pub use axcpu::context::TaskContext;

use crate::smp::MOST;

/// What each CPU runs from its start on is a task, too. That which the platform gives it says for good where it is.
static FIRST: [ExecutionContextHeader; MOST] = [const { ExecutionContextHeader::new() }; MOST];

/// Gives this CPU its first task, before anything can interrupt it.
pub fn begin(cpu_id: usize) {
    let first = Pin::static_ref(&FIRST[cpu_id]);
    // SAFETY: interrupts are off, and no other CPU has this header, which stays.
    let begun = unsafe { with_cpu_pin(|cpu| install_bootstrap_context(cpu, first)) };
    begun.expect("this CPU has a memory of its own").expect("it has no task yet");
}

/// A task that begins in `entry`, with its stack below `top`.
pub fn new_task(entry: usize, top: VirtAddr) -> TaskContext {
    let mut context = TaskContext::new();
    context.init(entry, top, KernelTlsBase::new(0));
    // For good: the context only has its address.
    let header = Box::leak(Box::new(ExecutionContextHeader::new()));
    context.set_task_anchor(TaskAnchor::new(NonNull::from(header)));
    context
}

/// Switches to another task; returns when somebody switches back.
///
/// # Safety
///
/// Interrupts are off. Nobody else uses the two contexts; that of the task that comes is a new one, or what it has left
/// here.
pub unsafe fn switch(leaving: *mut TaskContext, coming: *mut TaskContext) {
    // SAFETY: the caller vouches for both.
    let leaving = unsafe { &mut *leaving };
    // SAFETY: as above.
    let coming = unsafe { &*coming };
    // SAFETY: interrupts are off, so what runs stays on this CPU until it leaves it.
    let told = unsafe { with_cpu_pin(|cpu| tell(cpu, leaving, coming)) };
    told.expect("this CPU has booted");
    // SAFETY: as above; the headers say by now who runs, and nobody has asked for this CPU's memory since.
    unsafe { leaving.switch_to(coming) };
}

/// Lets the headers say who runs on this CPU from now on.
fn tell(cpu: &CpuPin<'_>, leaving: &mut TaskContext, coming: &TaskContext) {
    let current = current_context(cpu).expect("this CPU runs something");
    leaving.set_task_anchor(TaskAnchor::new(current));
    let next =
        coming.task_anchor().expect("it is new, or has left").as_ptr().cast::<ExecutionContextHeader>();
    // SAFETY: headers stay where they are, for good.
    let current = unsafe { Pin::new_unchecked(current.as_ref()) };
    // SAFETY: as above.
    let next = unsafe { &*next };
    // SAFETY: as above.
    let next = unsafe { Pin::new_unchecked(next) };
    // SAFETY: interrupts are off, and the headers stay.
    let (comes, leaves) =
        unsafe { prepare_context_switch(cpu, current, next) }.expect("one runs here, the other nowhere");
    // Not behind the switch, as this line's runtime does it: whoever has the turn next learns of it later than that.
    // SAFETY: as above.
    unsafe { leaves.finish(current) }.expect("it is the one that has been prepared");
    // SAFETY: as above; the switch is next.
    unsafe { comes.commit() };
}
