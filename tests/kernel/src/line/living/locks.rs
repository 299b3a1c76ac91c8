// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ax-sync leaves to a runtime: the locks of the line's crates, and the switches around them.
//!
//! Nobody sleeps here, so there are spinlocks only. A task is switched where a case asks for it, and in the timer's
//! interrupt, which asks [`may_switch`] first.

use core::{
    panic::Location,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use ax_sync::interface::{
    AcquireResult, CONTEXT_IRQSAVE, CONTEXT_PREEMPT, CONTEXT_PREEMPT_IRQSAVE, ContextOps, ContextState,
    LOCK_MODE_READ, LockMetadata, RwLockOps, SpinOps,
};

use axhal::percpu::{this_cpu_id_pinned, with_cpu_pin};

use super::asm::{disable_irqs, enable_irqs, irqs_enabled};
use crate::smp::MOST;

/// How many guards of a CPU say that its task must stay.
static STAYS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];

/// Whether the task of this CPU may be switched, in an interrupt.
pub fn may_switch() -> bool {
    stays().load(Ordering::Relaxed) == 0
}

/// This CPU's count. The caller stays on it.
fn stays() -> &'static AtomicUsize {
    // Not `this_cpu_id`, which asks for a guard. SAFETY: the caller vouches for it.
    let id = unsafe { with_cpu_pin(this_cpu_id_pinned) };
    // Before it has a memory of its own there is one CPU.
    &STAYS[id.unwrap_or(0)]
}

struct Locks;
struct Spin;
struct Shared;

#[ax_crate_interface::impl_interface]
impl ContextOps for Locks {
    fn enter(context: u8) -> ContextState {
        let irqs_were_on = irqs_enabled();
        // Off for a moment in any case: the count belongs to the CPU that it is looked up for.
        disable_irqs();
        if matches!(context, CONTEXT_PREEMPT | CONTEXT_PREEMPT_IRQSAVE) {
            stays().fetch_add(1, Ordering::Relaxed);
        }
        let stays_off = matches!(context, CONTEXT_IRQSAVE | CONTEXT_PREEMPT_IRQSAVE);
        if irqs_were_on && !stays_off {
            enable_irqs();
        }
        ContextState::new(0, irqs_were_on.into())
    }

    fn exit(context: u8, state: ContextState) {
        if matches!(context, CONTEXT_PREEMPT | CONTEXT_PREEMPT_IRQSAVE) {
            stays().fetch_sub(1, Ordering::Relaxed);
        }
        if matches!(context, CONTEXT_IRQSAVE | CONTEXT_PREEMPT_IRQSAVE) && state.irq() != 0 {
            enable_irqs();
        }
    }

    fn irq_return_preempt_enter() -> usize {
        Self::enter(CONTEXT_PREEMPT).preempt()
    }

    fn irq_return_preempt_exit(state: usize) {
        Self::exit(CONTEXT_PREEMPT, ContextState::new(state, 0));
    }

    fn hardirq_enter() {}

    fn hardirq_exit() {}
}

/// Takes a lock; else everything is as it was, as the state says.
fn take(locked: &AtomicBool, context: u8) -> Result<ContextState, ContextState> {
    let state = Locks::enter(context);
    if !locked.swap(true, Ordering::Acquire) {
        return Ok(state);
    }
    Locks::exit(context, state);
    Err(state)
}

#[ax_crate_interface::impl_interface]
impl SpinOps for Spin {
    fn acquire(
        locked: &AtomicBool,
        _metadata: &LockMetadata,
        _lock_addr: usize,
        context: u8,
        _subclass: u32,
        _caller: &'static Location<'static>,
    ) -> ContextState {
        loop {
            if let Ok(state) = take(locked, context) {
                return state;
            }
            core::hint::spin_loop();
        }
    }

    fn try_acquire(
        locked: &AtomicBool,
        _metadata: &LockMetadata,
        _lock_addr: usize,
        context: u8,
        _subclass: u32,
        _caller: &'static Location<'static>,
    ) -> AcquireResult {
        match take(locked, context) {
            Ok(state) => AcquireResult::new(true, state),
            Err(state) => AcquireResult::new(false, state),
        }
    }

    fn release(locked: &AtomicBool, _lock_addr: usize, context: u8, state: ContextState) {
        locked.store(false, Ordering::Release);
        Locks::exit(context, state);
    }

    fn force_release(locked: &AtomicBool, _lock_addr: usize, _context: u8) {
        locked.store(false, Ordering::Release);
    }

    fn is_locked(locked: &AtomicBool) -> bool {
        locked.load(Ordering::Relaxed)
    }
}

/// The state of a lock that one writer has; else it is how many read.
const WRITTEN: usize = usize::MAX;

/// Takes a lock for reading or writing; else everything is as it was, as the state says.
fn share(state: &AtomicUsize, context: u8, mode: u8) -> Result<ContextState, ContextState> {
    let before = Locks::enter(context);
    let taken = state.fetch_update(Ordering::Acquire, Ordering::Relaxed, |readers| match mode {
        LOCK_MODE_READ => (readers < WRITTEN - 1).then_some(readers + 1),
        _ => (readers == 0).then_some(WRITTEN),
    });
    if taken.is_ok() {
        return Ok(before);
    }
    Locks::exit(context, before);
    Err(before)
}

#[ax_crate_interface::impl_interface]
impl RwLockOps for Shared {
    fn acquire(
        state: &AtomicUsize,
        _metadata: &LockMetadata,
        _lock_addr: usize,
        context: u8,
        mode: u8,
        _caller: &'static Location<'static>,
    ) -> ContextState {
        loop {
            if let Ok(before) = share(state, context, mode) {
                return before;
            }
            core::hint::spin_loop();
        }
    }

    fn try_acquire(
        state: &AtomicUsize,
        _metadata: &LockMetadata,
        _lock_addr: usize,
        context: u8,
        mode: u8,
        _caller: &'static Location<'static>,
    ) -> AcquireResult {
        match share(state, context, mode) {
            Ok(before) => AcquireResult::new(true, before),
            Err(before) => AcquireResult::new(false, before),
        }
    }

    fn release(state: &AtomicUsize, _lock_addr: usize, context: u8, before: ContextState, mode: u8) {
        match mode {
            LOCK_MODE_READ => {
                state.fetch_sub(1, Ordering::Release);
            }
            _ => state.store(0, Ordering::Release),
        }
        Locks::exit(context, before);
    }

    fn force_read_decrement(state: &AtomicUsize, _lock_addr: usize, _context: u8) {
        state.fetch_sub(1, Ordering::Release);
    }
}
