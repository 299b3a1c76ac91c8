// SPDX-License-Identifier: MIT OR Apache-2.0
//! No-fault accesses while another CPU holds the address space's lock.

use alloc::string::String;
use core::sync::atomic::{AtomicUsize, Ordering};

use axhal::time::{Duration, monotonic_time};
use memory_addr::va;

use super::{inlined::FORMS, smp::BASE};
use crate::{
    ensure, line,
    smp::{self, Barrier, shootdown},
    space::{self, PAGE},
    task::READ_WRITE,
};

/// How long the lock is held for those who should not want it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pager would wait for the lock. Without it the page is refused at once and stays absent; behind the lock the same
/// access in the normal form makes it.
pub fn nobody_waits_for_a_lock_of_another_cpus() -> Result<(), String> {
    let (mapped, held, done, freed) = (Barrier::new(), Barrier::new(), AtomicUsize::new(0), Barrier::new());
    let others = smp::count() - 1;
    let pages = |rank: usize| BASE + rank * FORMS.len() * PAGE;
    smp::on_all(|rank| {
        if rank == 0 {
            let len = smp::count() * FORMS.len() * PAGE;
            let mapping = line::map(&mut space::space().lock().areas, BASE, len, READ_WRITE, false);
            ensure!(mapping == Ok(()), "{mapping:?}");
            mapped.wait()?;
            let locked = space::space().lock();
            let behind = held.wait();
            let deadline = monotonic_time() + PATIENCE;
            while behind.is_ok() && done.load(Ordering::Acquire) < others && monotonic_time() < deadline {
                core::hint::spin_loop();
            }
            let in_time = done.load(Ordering::Acquire);
            drop(locked);
            behind?;
            ensure!(in_time == others, "only {in_time} of {others} CPUs went on under the lock");
            return freed.wait();
        }
        mapped.wait()?;
        held.wait()?;
        for (index, (name, form)) in FORMS.into_iter().enumerate() {
            let told = form(pages(rank) + index * PAGE, true);
            ensure!(told.is_err_and(|fault| fault.done == 0), "{name} of a lazy page: {told:x?}");
        }
        done.fetch_add(1, Ordering::AcqRel);
        freed.wait()?;
        for (index, (name, form)) in FORMS.into_iter().enumerate() {
            let page = pages(rank) + index * PAGE;
            ensure!(!space::is_present(page), "{name} has made a page without the pager");
            let told = form(page, false);
            ensure!(told.is_ok() && space::is_present(page), "{name}, normal: {told:x?}");
            let told = form(page, true);
            ensure!(told.is_ok(), "{name} of a present page: {told:x?}");
            shootdown::poll();
        }
        Ok(())
    })?;
    space::space().lock().areas.unmap(va!(BASE), smp::count() * FORMS.len() * PAGE).expect("as mapped");
    shootdown::all_cpus();
    Ok(())
}
