// SPDX-License-Identifier: MIT OR Apache-2.0
//! The timer of each CPU: it wakes idle CPUs, and interrupts this one where a case wants it.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use axhal::time::{Duration, NANOS_PER_MICROS, monotonic_time_nanos};

use super::{MOST, rank};
use crate::line;

/// How long a CPU sleeps at most.
const TICK: u64 = 5000 * NANOS_PER_MICROS;
/// The least that a timer is set to.
const LEAST: u64 = 10 * NANOS_PER_MICROS;
/// What the first CPU's timer is set to when nobody wants it: less than the largest count of all timers.
const REST: u64 = 1_000_000 * NANOS_PER_MICROS;

/// What each of the other CPUs sets its timer to, and when it has done so.
///
/// axplat sets up the timer of the first CPU only: on x86_64 those of the others divide by another number. So each
/// looks how long it takes.
static REQUEST: [AtomicU64; MOST] = [const { AtomicU64::new(TICK) }; MOST];
static SET_AT: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];

/// Whether a CPU's timer has gone off, and waits to be set.
static TICKED: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

/// What the first CPU does behind its next interrupt, as the address of a `fn()`.
static DETOUR: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Takes the timer's interrupts from now on.
pub fn init() {
    line::take_timer(on_tick);
    go_off_in(REST);
}

/// Lets another CPU be woken regularly.
pub(super) fn init_secondary() {
    set(rank(), TICK);
}

/// Calls `detour` in the interrupt that comes in about `delay`, on the first CPU; a little later if that is too soon to
/// set a timer to.
pub fn interrupt_in(delay: Duration, detour: fn()) {
    DETOUR.store(detour as *mut (), Ordering::Relaxed);
    go_off_in((delay.as_nanos() as u64).max(LEAST));
}

/// Forgets it.
pub fn cancel() {
    DETOUR.store(core::ptr::null_mut(), Ordering::Relaxed);
}

fn set(rank: usize, request: u64) {
    REQUEST[rank].store(request, Ordering::Relaxed);
    SET_AT[rank].store(monotonic_time_nanos(), Ordering::Relaxed);
    go_off_in(request);
}

/// Sets this CPU's timer.
fn go_off_in(nanos: u64) {
    loop {
        let deadline = monotonic_time_nanos() + nanos;
        line::set_timer(deadline);
        // On loongarch64 a deadline that has passed when it is set is one that never comes.
        if monotonic_time_nanos() < deadline {
            return;
        }
    }
}

/// Notes the tick. The next is set once this one is acknowledged: on loongarch64 the platform does so behind its
/// handler, and what has come by then would be lost.
fn on_tick() {
    TICKED[rank()].store(true, Ordering::Relaxed);
}

fn set_next_tick(rank: usize) {
    if rank == 0 {
        go_off_in(REST);
        return;
    }
    let request = REQUEST[rank].load(Ordering::Relaxed);
    let took = monotonic_time_nanos().saturating_sub(SET_AT[rank].load(Ordering::Relaxed));
    let request = match took {
        took if took > 4 * TICK => (request / 4).max(LEAST),
        took if took < TICK / 4 => (request * 2).min(TICK),
        _ => request,
    };
    set(rank, request);
}

/// What axcpu calls for every interrupt. It keeps the vector registers of what it interrupts, if that may be a copy's.
#[cfg(feature = "vector-registers")]
pub fn on_interrupt(vector: usize) {
    crate::arch::vectors::kept(|| handle(vector));
}

/// What axcpu calls for every interrupt.
#[cfg(not(feature = "vector-registers"))]
pub fn on_interrupt(vector: usize) {
    handle(vector);
}

fn handle(vector: usize) {
    line::acknowledge(vector);
    let rank = rank();
    if TICKED[rank].swap(false, Ordering::Relaxed) {
        set_next_tick(rank);
    }
    // It has been acknowledged, so a task may be switched here.
    let mut detour = core::ptr::null_mut();
    if rank == 0 && line::may_switch() {
        detour = DETOUR.swap(detour, Ordering::Relaxed);
    }
    if !detour.is_null() {
        // SAFETY: only `interrupt_in` stores here.
        let detour = unsafe { core::mem::transmute::<*mut (), fn()>(detour) };
        detour();
    }
}
