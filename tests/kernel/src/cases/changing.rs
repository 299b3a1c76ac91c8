// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode while the address space changes: another CPU has its turn whenever the lock is free.
//!
//! Each scenario runs with all ways of handing over an address space, with memory that is there and memory that
//! is lazy.

use alloc::{format, string::String, vec, vec::Vec};

use axmm::AddrSpace;
use axptr::{Access, AddrSpaceProvider, AddressSpace, Fault, FaultKind, UserConstPtr, UserPtr, region};
use kspin::SpinNoIrq;
use memory_addr::va;

use crate::{
    arch, ensure,
    fault::{self, Traps},
    line,
    op::pattern,
    space::PAGE,
    task::{self, READ_ONLY, READ_WRITE, Task},
};

/// A locked address space: the lock is taken anew for each visit.
struct Locked<'a>(&'a SpinNoIrq<AddrSpace>);

impl AddrSpaceProvider for Locked<'_> {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut AddrSpace) -> R) -> R {
        f(&mut self.0.lock())
    }
}

/// What another CPU does to the address space, and behind which visit: 1 is the check, 2 the populating.
#[derive(Clone, Copy)]
struct Change {
    behind_visit: usize,
    change: fn(&mut AddrSpace),
}

const NO_CHANGE: Change = Change { behind_visit: 0, change: |_| () };

/// A provider that lets another CPU have its turn.
struct Shared<P> {
    inner: P,
    visits: usize,
    change: Change,
}

impl<P: AddrSpaceProvider> AddrSpaceProvider for Shared<P> {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut AddrSpace) -> R) -> R {
        let result = self.inner.with_addr_space(f);
        self.visits += 1;
        if self.visits == self.change.behind_visit {
            self.inner.with_addr_space(self.change.change);
            crate::line::asm::flush_tlb(None);
        }
        result
    }
}

const OPS: [(&str, Access); 5] = [
    ("copy_from_user", Access::Read),
    ("copy_to_user", Access::Write),
    ("fill_user", Access::Write),
    ("read_slice_in", Access::Read),
    ("write_slice_in", Access::Write),
];

const FILL: u8 = 0x99;

fn run(op: usize, provider: impl AddrSpaceProvider, user: usize, kernel: &mut [u8]) -> Result<(), Fault> {
    match op {
        0 => region::copy_from_user(provider, kernel, user),
        1 => region::copy_to_user(provider, user, kernel),
        2 => region::fill_user(provider, user, FILL, kernel.len()),
        3 => UserConstPtr::<u8>::new(user).read_slice_in(provider, kernel),
        _ => UserPtr::<u8>::new(user).write_slice_in(provider, kernel),
    }
}

const PROVIDERS: [&str; 3] = ["borrowed", "locked", "per task"];

fn run_with(
    provider: usize,
    change: Change,
    op: usize,
    task: &Task,
    user: usize,
    kernel: &mut [u8],
) -> Result<(), Fault> {
    let visits = 0;
    match provider {
        // The caller keeps the lock: a fault finds no pager, and must not wait for one.
        0 => run(op, Shared { inner: &mut *task.aspace.lock(), visits, change }, user, kernel),
        1 => run(op, Shared { inner: Locked(&task.aspace), visits, change }, user, kernel),
        _ => run(op, Shared { inner: task, visits, change }, user, kernel),
    }
}

/// The pages of the memory: [`PAGES`] of them, of which the scenarios change the one with this index.
const CHANGED: usize = 2;
const PAGES: usize = 4;

/// How an operation must end, by its access: the bytes done, what stopped it, and the faults taken.
type Expected = fn(Access) -> (usize, Option<FaultKind>, usize);

/// Runs everything on `len` bytes from `offset` of the memory on.
fn everywhere(
    offset: usize,
    len: usize,
    prepare: fn(&Task),
    change: Change,
    expected: Expected,
) -> Result<(), String> {
    for (provider, name) in PROVIDERS.into_iter().enumerate() {
        for (op, (op_name, access)) in OPS.into_iter().enumerate() {
            for populated in [false, true] {
                task::with(|task| {
                    let start = task::map(task, 0, PAGES, READ_WRITE, populated);
                    let before = if populated { pattern(PAGES * PAGE) } else { vec![0; PAGES * PAGE] };
                    if populated {
                        task::poke(task, start, &before);
                    }
                    prepare(task);
                    let mut kernel: Vec<u8> = vec![FILL; len];
                    let user = start.wrapping_add(offset);
                    let (result, traps) =
                        fault::counted(|| run_with(provider, change, op, task, user, &mut kernel));
                    let found = match result {
                        Ok(()) => (len, None, traps.page),
                        Err(fault) => (fault.done, Some(fault.kind), traps.page),
                    };
                    let what = format!("{op_name}, {name}, populated {populated}");
                    let (done, kind, faults) = expected(access);
                    let expected =
                        (done, kind.map(|kind| if faults > 0 { fault::told(kind) } else { kind }), faults);
                    ensure!(found == expected, "{what}: {found:?}, not {expected:?}");
                    ensure!(traps == Traps::pages(traps.page), "{what}: {traps:?}");
                    let copied = found.0;
                    ensure!(task.aspace.try_lock().is_some(), "{what}: the lock is still held");
                    if access == Access::Read {
                        let right = copied == 0 || kernel[..copied] == before[offset..offset + copied];
                        let rest = kernel[copied..].iter().all(|&byte| byte == FILL);
                        ensure!(right && rest, "{what}: wrong bytes");
                        return Ok(());
                    }
                    for (index, old) in before.chunks(PAGE).enumerate() {
                        let page = start + index * PAGE;
                        if !task::is_present(task, page) {
                            continue;
                        }
                        for (at, byte) in task::peek(task, page, PAGE).into_iter().enumerate() {
                            let place = (index * PAGE + at).wrapping_sub(offset);
                            let wanted = if place < copied { FILL } else { old[at] };
                            ensure!(byte == wanted, "{what}: {byte:#x} in byte {place}");
                        }
                    }
                    Ok(())
                })?;
            }
        }
    }
    Ok(())
}

const OFFSET: usize = 77;
/// Into the last page.
const LEN: usize = (PAGES - 1) * PAGE;
/// The bytes in front of the page that changes.
const IN_FRONT: usize = CHANGED * PAGE - OFFSET;

fn unmap(areas: &mut AddrSpace) {
    let unmapped = areas.unmap(va!(task::BASE + CHANGED * PAGE), PAGE);
    assert_eq!(unmapped, Ok(()), "unmap");
}

fn protect(areas: &mut AddrSpace) {
    let protected = areas.protect(va!(task::BASE + CHANGED * PAGE), PAGE, READ_ONLY);
    assert!(protected.is_ok(), "protect: {protected:?}");
}

pub fn every_provider_reaches_every_byte() -> Result<(), String> {
    everywhere(OFFSET, LEN, |_| (), NO_CHANGE, |_| (LEN, None, 0))
}

pub fn an_area_that_ends_in_the_range_refuses_all_of_it() -> Result<(), String> {
    let refused: Expected = |_| (0, Some(FaultKind::Permission), 0);
    everywhere(OFFSET, PAGES * PAGE, |_| (), NO_CHANGE, refused)?;
    // A hole with an area behind it.
    everywhere(OFFSET, LEN, |task| unmap(&mut task.aspace.lock()), NO_CHANGE, refused)
}

pub fn a_range_that_wraps_or_leaves_the_user_half_is_refused() -> Result<(), String> {
    let limit = axptr::user_limit();
    for addr in [usize::MAX, usize::MAX - LEN + 1, usize::MAX - LEN + 2, limit - 1, limit - LEN + 1, limit] {
        let refused: Expected = |_| (0, Some(FaultKind::OutOfRange), 0);
        everywhere(addr.wrapping_sub(task::BASE), LEN, |_| (), NO_CHANGE, refused)?;
    }
    Ok(())
}

/// axmm's `protect` changes the page table only; where the areas know, they refuse all. Lazy pages have to be there before they can be protected.
pub fn a_protected_page_ends_the_copy_in_front_of_it() -> Result<(), String> {
    let prepare = |task: &Task| {
        let page = task::BASE + CHANGED * PAGE;
        let made = task.aspace.lock().handle_fault(page, Access::Write);
        assert!(made, "the page to protect");
        protect(&mut task.aspace.lock());
        crate::line::asm::flush_tlb(None);
    };
    everywhere(OFFSET, LEN, prepare, NO_CHANGE, |access| match access {
        Access::Read => (LEN, None, 0),
        Access::Write if line::PROTECT_IS_OF_AREAS => (0, Some(FaultKind::Permission), 0),
        Access::Write => (IN_FRONT, Some(FaultKind::NotPresent), 0),
    })
}

pub fn a_page_unmapped_behind_the_check_ends_the_copy_in_front_of_it() -> Result<(), String> {
    let change = Change { behind_visit: 1, change: unmap };
    everywhere(OFFSET, LEN, |_| (), change, |_| (IN_FRONT, Some(FaultKind::NotPresent), 0))
}

pub fn a_page_unmapped_behind_the_populating_ends_the_copy_in_front_of_it() -> Result<(), String> {
    let change = Change { behind_visit: 2, change: unmap };
    everywhere(OFFSET, LEN, |_| (), change, |_| (IN_FRONT, Some(FaultKind::NotPresent), 1))
}

pub fn a_page_protected_behind_the_populating_ends_the_copy_in_front_of_it() -> Result<(), String> {
    let change = Change { behind_visit: 2, change: protect };
    everywhere(
        OFFSET,
        LEN,
        |_| (),
        change,
        |access| match access {
            Access::Read => (LEN, None, 0),
            Access::Write => (IN_FRONT, Some(arch::FORBIDDEN), 1),
        },
    )
}
