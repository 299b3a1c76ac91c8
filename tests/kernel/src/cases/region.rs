// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode: the address space is asked first, and pages are made ahead of the copy.

use alloc::string::String;
use core::cell::Cell;

use axhal::paging::MappingFlags;
use axptr::{
    Access, FaultKind, UserConstPtr, UserPtr, UserRange,
    region::{self, AddrSpaceProvider, AddressSpace, WINDOW},
};
use memory_addr::va;

use crate::{
    arch, ensure,
    fault::{self, Traps},
    line,
    op::{BY_REGION, Done, not_refused, pattern},
    space::{self, Locked, PAGE},
};

pub fn every_kind_of_area_is_judged_before_the_access() -> Result<(), String> {
    let refused = Done::stopped(0, FaultKind::Permission, 0);
    for (op, len) in BY_REGION.into_iter().flat_map(|op| [1, 8, 100, 3 * PAGE].map(|len| (op, len))) {
        let before = pattern(3 * PAGE + 30);
        for area in [space::RW, space::RO, space::KERNEL_ONLY] {
            space::poke(area.start(), &before);
            let expected = match op.access {
                _ if !area.flags().contains(MappingFlags::USER) => refused,
                Access::Write if !area.flags().contains(MappingFlags::WRITE) => refused,
                _ => Done::all(len, 0),
            };
            op.expect(area.start() + 30, len, &before[30..], expected)?;
        }
        space::LAZY.renew();
        op.expect(space::LAZY.start() + 30, len, &[], Done::all(len, 0))?;
        op.expect(space::HOLE.start(), len, &[], refused)?;
    }
    Ok(())
}

pub fn values_go_both_ways() -> Result<(), String> {
    space::LAZY.renew();
    for (area, extra) in [(space::RW, 0), (space::LAZY, 0), (space::LAZY, PAGE - 4)] {
        let addr = area.start() + extra;
        let (ptr, value) = (UserPtr::<u64>::new(addr), 0x1122_3344_5566_7788 + addr as u64);
        let (written, traps) = fault::counted(|| ptr.write_in(Locked, value));
        ensure!(written == Ok(()) && traps == Traps::NONE, "{ptr:?}: {written:?}, {traps:?}");
        let (read, traps) = fault::counted(|| UserConstPtr::from(ptr).read_in(Locked));
        ensure!(read == Ok(value) && traps == Traps::NONE, "{ptr:?}: {read:x?}, {traps:?}");
    }
    let words = [1_u16, 2, 3, 0xfffe];
    let ptr = UserPtr::<u16>::new(space::RW.start() + 1);
    let written = ptr.write_slice_in(Locked, &words);
    let mut back = [0; 4];
    let read = ptr.read_slice_in(Locked, &mut back);
    ensure!(written == Ok(()) && read == Ok(()) && back == words, "{written:?}, {read:?}, {back:?}");

    let read_only = UserPtr::<u32>::new(space::RO.start());
    let result = read_only.write_in(Locked, 7);
    let refused = result.is_err_and(|fault| fault.done == 0 && fault.kind == FaultKind::Permission);
    ensure!(refused, "{}", not_refused("read-only memory", result));
    let private = UserConstPtr::<u32>::new(space::KERNEL_ONLY.start());
    let result = private.read_in(Locked);
    let refused = result.is_err_and(|fault| fault.done == 0 && fault.kind == FaultKind::Permission);
    ensure!(refused, "{}", not_refused("the kernel's memory", result));
    Ok(())
}

/// As a kernel without tasks would do it: whoever has the address space need not lock it again.
pub fn an_address_space_borrowed_for_the_copy_will_do() -> Result<(), String> {
    space::LAZY.renew();
    let (addr, bytes) = (space::LAZY.start() + PAGE / 2, pattern(PAGE));
    let mut back = pattern(PAGE);
    back.reverse();
    let (results, traps) = fault::counted(|| {
        let areas = &mut space::space().lock().areas;
        let written = region::copy_to_user(&mut *areas, addr, &bytes);
        (written, region::copy_from_user(&mut *areas, &mut back, addr))
    });
    ensure!(results == (Ok(()), Ok(())) && traps == Traps::NONE, "{results:?}, {traps:?}");
    ensure!(back == bytes, "wrong bytes");
    Ok(())
}

/// Promises every page and makes none, so that the copy itself has to.
struct Promises;

impl AddressSpace for Promises {
    fn check_region_access(&self, _: UserRange, _: Access) -> bool {
        true
    }

    fn handle_fault(&mut self, _: usize, _: Access) -> bool {
        true
    }
}

/// Takes the lock that the pager needs too.
struct UnderLock;

impl AddrSpaceProvider<Promises> for UnderLock {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut Promises) -> R) -> R {
        let _space = space::space().lock();
        f(&mut Promises)
    }
}

/// Also what happens if another CPU unmaps a page between check and copy: the access finds out.
pub fn the_lock_is_free_during_the_copy() -> Result<(), String> {
    let len = 3 * PAGE;
    let (bytes, mut back) = (pattern(len), pattern(len));
    let addr = space::LAZY.start();
    let copies: [&mut dyn FnMut() -> Result<(), axptr::Fault>; 3] = [
        &mut || region::copy_to_user(UnderLock, addr, &bytes),
        &mut || region::copy_from_user(UnderLock, &mut back, addr),
        &mut || region::fill_user(UnderLock, addr, 1, len),
    ];
    for copy in copies {
        space::LAZY.renew();
        fault::last_call();
        let (result, traps) = fault::counted(copy);
        let call = fault::last_call();
        ensure!(call.is_some_and(|call| !call.space_locked), "{call:x?}");
        ensure!(result == Ok(()) && traps == Traps::pages(3), "{result:?}, {traps:?}");
    }
    let vanished = region::fill_user(UnderLock, space::EDGE_TO_HOLE.end() - 50, 1, 100);
    let told =
        vanished.is_err_and(|fault| fault.done == 50 && fault.kind == fault::told(FaultKind::NotPresent));
    ensure!(told, "{}", not_refused("a page that went away", vanished));
    Ok(())
}

pub fn a_range_that_no_area_covers_is_refused_as_a_whole() -> Result<(), String> {
    let refused = Done::stopped(0, FaultKind::Permission, 0);
    space::LAZY_AFTER_EDGE.renew();
    space::poke(space::EDGE_TO_HOLE.start(), &pattern(PAGE));
    for op in BY_REGION {
        // Areas that touch are as good as one.
        op.expect(space::EDGE_TO_LAZY.start() + 1, 2 * PAGE, &[], Done::all(2 * PAGE, 0))?;
        // The last byte has no area.
        let addr = space::EDGE_TO_HOLE.end() - 100;
        op.expect(addr, 100, &pattern(PAGE)[PAGE - 100..], Done::all(100, 0))?;
        space::poke(space::EDGE_TO_HOLE.start(), &pattern(PAGE));
        op.expect(addr, 101, &pattern(PAGE)[PAGE - 100..], refused)?;
        // Nor the first.
        op.expect(space::RW.start() - 1, 100, &[], refused)?;
    }
    space::LAZY_AFTER_EDGE.renew();
    let len = space::LAZY_AFTER_EDGE.len() + 1;
    for op in BY_REGION {
        op.expect(space::LAZY_AFTER_EDGE.start(), len, &[], refused)?;
        let present = space::is_present(space::LAZY_AFTER_EDGE.start());
        ensure!(!present, "{op:?} has made a page of a range that it refused");
    }
    Ok(())
}

/// Counts how often it is asked.
struct Asked<'a>(&'a Cell<usize>);

impl AddrSpaceProvider<Promises> for Asked<'_> {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut Promises) -> R) -> R {
        self.0.set(self.0.get() + 1);
        f(&mut Promises)
    }
}

pub fn bad_ranges_ask_nobody() -> Result<(), String> {
    let asked = Cell::new(0);
    let limit = axptr::user_limit();
    for (addr, len) in [
        (1, usize::MAX),
        (usize::MAX, 2),
        (limit, 1),
        (limit - 1, 2),
        (0, limit + 1),
        (arch::OUT_OF_REACH.addrs[0], 8),
        (arch::UNMAPPED_KERNEL_ADDR, PAGE),
    ] {
        let (result, traps) = fault::counted(|| region::fill_user(Asked(&asked), addr, 0, len));
        let refused = result.is_err_and(|fault| fault.done == 0 && fault.kind == FaultKind::OutOfRange);
        ensure!(refused && traps == Traps::NONE, "{len:#x} bytes at {addr:#x}: {result:x?}, {traps:?}");
    }
    for addr in [0, space::HOLE.start(), limit, usize::MAX] {
        let result = region::fill_user(Asked(&asked), addr, 0, 0);
        ensure!(result == Ok(()), "nothing at {addr:#x}: {result:x?}");
    }
    ensure!(asked.get() == 0, "the address space was asked {} times", asked.get());
    Ok(())
}

/// axmm's `protect` changes the page table only; the page is asked before the copy. Where the areas know, they refuse.
pub fn a_protected_page_refuses_writes_though_its_area_permits_them() -> Result<(), String> {
    space::RW.renew();
    let protected = space::RW.page(1);
    let read_only = MappingFlags::READ | MappingFlags::USER;
    let result = space::space().lock().areas.protect(va!(protected), PAGE, read_only);
    ensure!(result.is_ok(), "protect: {result:?}");
    for op in BY_REGION {
        space::poke(space::RW.start(), &pattern(3 * PAGE));
        let done = op.check(protected - 100, 200, &pattern(3 * PAGE)[PAGE - 100..])?;
        let copied = match op.access {
            Access::Read => 200,
            Access::Write if line::PROTECT_IS_OF_AREAS => 0,
            Access::Write => 100,
        };
        ensure!(done.copied == copied && done.traps == Traps::NONE, "{op:?}: {done:?}");
    }
    space::RW.renew();
    Ok(())
}

/// axmm's address space, as long as the allowance lasts.
struct Rationed {
    pages: usize,
}

impl AddressSpace for Rationed {
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        space::space().lock().areas.check_region_access(range, access)
    }

    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        let Some(rest) = self.pages.checked_sub(1) else { return false };
        self.pages = rest;
        space::space().lock().areas.handle_fault(addr, access)
    }
}

/// Looks at each visit of the address space how much memory is gone.
struct Watched<'a> {
    space: &'a mut Rationed,
    /// Free pages at the visit before, and the most that one visit has used.
    seen: &'a Cell<(usize, usize)>,
}

impl AddrSpaceProvider<Rationed> for Watched<'_> {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut Rationed) -> R) -> R {
        let result = f(self.space);
        let (before, most) = self.seen.get();
        let now = space::free_pages();
        self.seen.set((now, most.max(before - now)));
        result
    }
}

pub fn populating_stays_one_window_ahead() -> Result<(), String> {
    const MANY: usize = 16 * WINDOW;
    let start = space::BIG.start() + 16 * MANY;
    for (pages, len, used, copied) in [
        (usize::MAX, 8, 1, 8),
        (usize::MAX, PAGE + 1, 2, PAGE + 1),
        (usize::MAX, MANY, MANY / PAGE, MANY),
        (20, MANY, 20, 20 * PAGE),
        (0, MANY, 0, 0),
    ] {
        space::BIG.renew_part(start, MANY);
        let free = space::free_pages();
        let seen = Cell::new((free, 0));
        let provider = Watched { space: &mut Rationed { pages }, seen: &seen };
        let (result, traps) = fault::counted(|| region::fill_user(provider, start, 0x77, len));
        let done = result.map_or_else(|fault| fault.done, |()| len);
        let taken = free - space::free_pages();
        ensure!((done, taken) == (copied, used), "{len} bytes: {result:x?}, {taken} pages");
        let (_, most) = seen.get();
        ensure!(most <= WINDOW / PAGE, "{len} bytes: {most} pages at once");
        ensure!(traps == Traps::NONE, "{len} bytes: {traps:?}");
    }
    space::BIG.renew_part(start, MANY);
    Ok(())
}
