// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the other CPUs come up.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axhal::time::{Duration, monotonic_time};
use axplat::percpu::this_cpu_id;
use kspin::SpinNoIrq;

use super::{MOST, timer, wait_for_jobs};
use crate::{
    arch,
    fault::{self, Decides},
    line, space,
};

/// The time in which one must have come up, on a busy host.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many CPUs there are.
static COUNT: AtomicUsize = AtomicUsize::new(1);
/// How many of them have their handlers, and how many the counter too.
static WITH_HANDLERS: AtomicUsize = AtomicUsize::new(0);
static READY: AtomicUsize = AtomicUsize::new(0);
static COUNTER_MAY_COME: AtomicBool = AtomicBool::new(false);
static DECIDES: SpinNoIrq<Decides> = SpinNoIrq::new(Decides::Table);

/// The rank of each CPU, by what the machine calls it.
static RANKS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];

/// How many CPUs work for this kernel.
pub fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// This CPU's rank.
pub fn rank() -> usize {
    RANKS[this_cpu_id()].load(Ordering::Relaxed)
}

/// Starts the other CPUs, in whose handlers the same decides, and puts the counter in front on all.
///
/// The counter comes last: where the CPUs share their table of handlers, axptr's vector has to find itself there.
///
/// # Panics
///
/// Panics if one does not come up.
pub fn start(cpus: usize, decides: Decides) {
    assert!((1..=MOST).contains(&cpus), "{cpus} CPUs");
    *DECIDES.lock() = decides;
    let others = (0..MOST).filter(|&id| id != this_cpu_id()).take(cpus - 1);
    for (index, id) in others.enumerate() {
        RANKS[id].store(index + 1, Ordering::Relaxed);
        line::start_cpu(id);
        wait(&WITH_HANDLERS, index + 1);
    }
    arch::counter::put_in_front();
    COUNTER_MAY_COME.store(true, Ordering::Release);
    wait(&READY, cpus - 1);
    COUNT.store(cpus, Ordering::Relaxed);
}

fn wait(counter: &AtomicUsize, wanted: usize) {
    let deadline = monotonic_time() + PATIENCE;
    while counter.load(Ordering::Acquire) < wanted {
        assert!(monotonic_time() < deadline, "CPU {wanted} has not come up");
        core::hint::spin_loop();
    }
}

/// Where the platform crate sends the other CPUs.
#[axplat::secondary_main]
fn secondary_main(cpu_id: usize) -> ! {
    line::init_secondary(cpu_id);
    #[cfg(feature = "vector-registers")]
    arch::vectors::enable();
    space::switch_to();
    let decides = *DECIDES.lock();
    fault::install(decides);
    WITH_HANDLERS.fetch_add(1, Ordering::Release);
    while !COUNTER_MAY_COME.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
    arch::counter::put_in_front();
    timer::init_secondary();
    crate::line::asm::enable_irqs();
    READY.fetch_add(1, Ordering::Release);
    wait_for_jobs(rank())
}
