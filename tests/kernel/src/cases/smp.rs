// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several CPUs at once, on memory that none of them takes away: [`smp_changing`](super::smp_changing) does.

use alloc::{string::String, vec, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

use axplat::percpu::this_cpu_id;
use axptr::{
    FaultKind,
    extable::{Entry, Table},
    is_accessing_user_memory,
};
use kspin::SpinNoIrq;
use memory_addr::va;

use crate::{
    arch::window,
    ensure,
    fault::{self, Traps},
    line,
    op::pattern,
    smp::{self, Barrier, shootdown},
    space::{self, PAGE},
    task::READ_WRITE,
};

/// Where these cases map pages; [`space`] has nothing there.
pub const BASE: usize = 0x38_0000_0000;

pub fn every_cpu_takes_part() -> Result<(), String> {
    let ids = SpinNoIrq::new(Vec::new());
    for _ in 0..10 {
        ids.lock().clear();
        smp::on_all(|rank| {
            ids.lock().push((rank, this_cpu_id()));
            Ok(())
        })?;
        let mut seen = ids.lock().clone();
        seen.sort_unstable();
        ensure!(seen.iter().map(|&(rank, _)| rank).eq(0..smp::count()), "{seen:?}");
        seen.sort_unstable_by_key(|&(_, id)| id);
        seen.dedup_by_key(|&mut (_, id)| id);
        ensure!(seen.len() == smp::count(), "some are the same CPU: {seen:?}");
    }
    Ok(())
}

/// So a case that fails on one CPU does not pass.
pub fn what_fails_on_one_cpu_fails() -> Result<(), String> {
    for failing in 0..smp::count() {
        let barrier = Barrier::new();
        let result = smp::on_all(|rank| {
            ensure!(rank != failing, "on purpose");
            barrier.wait()
        });
        let told = result.as_ref().is_err_and(|reason| reason.contains("on purpose"));
        // Who waits may be heard first; it says why.
        let heard = result.as_ref().is_err_and(|reason| reason.contains("another CPU has failed"));
        ensure!(told || heard, "{result:?}");
    }
    Ok(())
}

/// The vector is in front on each CPU, and answers each by itself.
pub fn each_cpu_recovers_its_own_faults() -> Result<(), String> {
    let barrier = Barrier::new();
    smp::on_all(|rank| {
        barrier.wait()?;
        for round in 0..200 {
            // A length and a place of its own for each.
            let good = 1 + (rank * 37 + round) % 300;
            let len = good + 1 + rank;
            let addr = space::EDGE_TO_HOLE.end() - good;
            let mut bytes = vec![0xee; len];
            let result = axptr::copy_from_user(&mut bytes, addr);
            let told = result.is_err_and(|stopped| {
                stopped.done == good
                    && stopped.addr == space::EDGE_TO_HOLE.end()
                    && stopped.kind == fault::told(FaultKind::NotPresent)
            });
            ensure!(told, "{good} of {len} bytes: {result:x?}");
            ensure!(bytes[good..].iter().all(|&byte| byte == 0xee), "bytes behind the fault");
            ensure!(!window::is_open() || !window::is_enforced(), "the window stayed open");
            ensure!(!is_accessing_user_memory(), "the flag stayed set");
            shootdown::poll();
        }
        Ok(())
    })
}

/// Nobody has asked what the CPU can do, and all begin at once.
pub fn all_cpus_ask_for_features_and_entries_at_once() -> Result<(), String> {
    const ROUNDS: usize = 50;
    let image = Table::image();
    let insns: Vec<usize> = image.entries().iter().map(Entry::insn).collect();
    let (come, cold) = (Barrier::new(), Barrier::new());
    smp::on_all(|rank| {
        let user = BASE + rank * PAGE;
        let mapped = space::space().lock().areas.map_alloc(va!(user), PAGE, READ_WRITE, true);
        ensure!(mapped == Ok(()), "{mapped:?}");
        let bytes = pattern(300 + rank);
        for round in 0..ROUNDS {
            come.wait()?;
            if rank == 0 {
                axptr::internal::choose_by_cpu();
            }
            cold.wait()?;
            let sent = axptr::copy_to_user(user, &bytes);
            ensure!(sent == Ok(()), "round {round}: {sent:x?}");
            ensure!(!window::is_open() || !window::is_enforced(), "round {round}: the window stayed open");
            let mut back = vec![0; bytes.len()];
            let received = axptr::copy_from_user(&mut back, user);
            ensure!(received == Ok(()) && back == bytes, "round {round}: {received:x?}");
            for &insn in &insns {
                let found = Table::image().find(insn).map(Entry::insn);
                ensure!(found == Some(insn), "{found:x?} at {insn:#x}");
            }
        }
        Ok(())
    })?;
    space::space().lock().areas.unmap(va!(BASE), smp::count() * PAGE).expect("as mapped");
    shootdown::all_cpus();
    Ok(())
}

/// Each CPU stores a word of its own into a page that all of them fault on: who comes second must not get a fresh one.
pub fn no_word_is_lost_in_a_lazy_page() -> Result<(), String> {
    const ROUNDS: usize = 10_000;
    const PAGES: usize = 500;
    let start = BASE;
    let word = |rank: usize, page: usize| ((page as u64 + 1) << 8) | (rank as u64 + 1);
    let (mapped, stored) = (Barrier::new(), Barrier::new());
    let together = AtomicUsize::new(0);
    smp::on_all(|rank| {
        for first in (0..ROUNDS).step_by(PAGES) {
            let before = Traps::now().page;
            if rank == 0 {
                let areas = &mut space::space().lock().areas;
                let mapped = line::map(areas, start, PAGES * PAGE, READ_WRITE, false);
                ensure!(mapped == Ok(()), "{mapped:?}");
            }
            mapped.wait()?;
            for page in 0..PAGES {
                let addr = start + page * PAGE + rank * size_of::<u64>();
                let sent = axptr::copy_to_user(addr, &word(rank, first + page).to_ne_bytes());
                ensure!(sent == Ok(()), "page {}: {sent:x?}", first + page);
                shootdown::poll();
            }
            stored.wait()?;
            if rank != 0 {
                continue;
            }
            together.fetch_add(Traps::now().page - before - PAGES, Ordering::Relaxed);
            for page in 0..PAGES {
                let bytes = space::peek(start + page * PAGE, PAGE);
                for (index, bytes) in bytes.chunks(size_of::<u64>()).enumerate() {
                    let expected = if index < smp::count() { word(index, first + page) } else { 0 };
                    let found = u64::from_ne_bytes(bytes.try_into().expect("eight bytes"));
                    ensure!(
                        found == expected,
                        "round {}: word {index} is {found:#x}, not {expected:#x}",
                        first + page
                    );
                }
            }
            // The others wait for the next pages, so nobody uses these while they go.
            space::space().lock().areas.unmap(va!(start), PAGES * PAGE).expect("as mapped");
            shootdown::all_cpus();
        }
        Ok(())
    })?;
    let together = together.load(Ordering::Relaxed);
    // Otherwise nothing was tried.
    ensure!(smp::count() == 1 || together > 0, "no page was missed by two CPUs at once");
    Ok(())
}

/// A fault of each CPU at the same time, in pages that the pager makes for each: every byte arrives.
pub fn all_cpus_page_in_at_once() -> Result<(), String> {
    const PAGES: usize = 64;
    let barrier = Barrier::new();
    smp::on_all(|rank| {
        let start = BASE + rank * PAGES * PAGE;
        // The lock is free again behind this statement: the pager takes it.
        let mapped = line::map(&mut space::space().lock().areas, start, PAGES * PAGE, READ_WRITE, false);
        ensure!(mapped == Ok(()), "{mapped:?}");
        let bytes: Vec<u8> = pattern(PAGES * PAGE - 2 * rank).iter().map(|byte| byte ^ rank as u8).collect();
        barrier.wait()?;
        let sent = axptr::copy_to_user(start + rank, &bytes);
        ensure!(sent == Ok(()), "{sent:x?}");
        let mut back = vec![0; bytes.len()];
        let received = axptr::copy_from_user(&mut back, start + rank);
        ensure!(received == Ok(()) && back == bytes, "{received:x?}, or wrong bytes");
        Ok(())
    })?;
    let (result, traps) = fault::counted(|| axptr::fill_user(BASE, 0, PAGE));
    ensure!(result == Ok(()) && traps == Traps::NONE, "{result:x?}, {traps:?}");
    space::space().lock().areas.unmap(va!(BASE), smp::count() * PAGES * PAGE).expect("as mapped");
    shootdown::all_cpus();
    Ok(())
}
