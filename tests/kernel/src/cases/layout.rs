// SPDX-License-Identifier: MIT OR Apache-2.0
//! The address space is what the other cases take it for.

use alloc::string::String;

use axptr::{Access, UserPtr, region::AddressSpace};
use memory_addr::va;

use crate::{
    ensure,
    fault::Traps,
    line,
    space::{self, Area, Pages},
};

pub fn areas_are_populated_as_declared() -> Result<(), String> {
    for area in space::ALL {
        let wanted = area.pages() == Pages::Populated;
        for addr in [area.start(), area.end() - space::PAGE] {
            let present = space::is_present(addr);
            ensure!(present == wanted, "{addr:#x} present: {present}");
        }
    }
    Ok(())
}

pub fn areas_have_the_declared_flags() -> Result<(), String> {
    for area in space::ALL {
        let areas = &space::space().lock().areas;
        if let Some((_, flags)) = line::page(areas, area.start()) {
            ensure!(flags == area.flags(), "{area:x?} has {flags:?}");
        }
        let wanted = matches!(area.pages(), Pages::Lazy | Pages::Populated);
        let mapped = areas.can_access_range(va!(area.start()), area.len(), area.flags());
        ensure!(mapped == wanted, "{area:x?} accessible: {mapped}");
    }
    Ok(())
}

pub fn a_populated_page_keeps_what_is_written() -> Result<(), String> {
    let (first, last) = (space::RW.start(), space::RW.end() - 1);
    let before = Traps::now().page;
    write(first, 0x5a);
    write(last, 0xa5);
    ensure!(read(first) == 0x5a, "{first:#x} holds {:#x}", read(first));
    ensure!(read(last) == 0xa5, "{last:#x} holds {:#x}", read(last));
    let faults = Traps::now().page - before;
    ensure!(faults == 0, "{faults} faults");
    Ok(())
}

pub fn a_lazy_page_costs_one_fault_and_reads_zero() -> Result<(), String> {
    let small = [space::LAZY, space::LAZY_AFTER_EDGE];
    for area in small {
        area.renew();
    }
    for addr in small.map(|area| area.start()).into_iter().chain([
        space::BIG.end() - space::PAGE,
        space::HUGE.start(),
        space::HUGE.end() - space::PAGE,
    ]) {
        let before = Traps::now().page;
        let value = read(addr);
        ensure!(value == 0, "{addr:#x} holds {value:#x}");
        write(addr, 1);
        ensure!(read(addr) == 1, "{addr:#x} lost what was written");
        let faults = Traps::now().page - before;
        ensure!(faults == 1, "{faults} faults at {addr:#x}");
    }
    Ok(())
}

pub fn a_renewed_area_is_absent_again() -> Result<(), String> {
    let area: Area = space::LAZY;
    write(area.start(), 1);
    area.renew();
    let present = space::is_present(area.start());
    ensure!(!present, "{:#x} still has its page", area.start());
    ensure!(read(area.start()) == 0, "the new page is not zeroed");
    Ok(())
}

pub fn the_pager_stops_before_memory_is_exhausted() -> Result<(), String> {
    let before = space::free_pages();
    let pages = (space::HUGE.start()..space::HUGE.end()).step_by(space::PAGE);
    let made = pages
        .map(|addr| space::space().lock().handle_fault(addr, Access::Write))
        .take_while(|made| *made)
        .count();
    let left = space::free_pages();
    space::HUGE.renew();
    let after = space::free_pages();
    ensure!(made > before / 2, "only {made} of {before} pages");
    ensure!(left > 0, "no page left");
    ensure!(after > before - before / 8, "{after} of {before} pages came back");
    Ok(())
}

fn read(addr: usize) -> u8 {
    UserPtr::new(addr).read().expect("a readable page")
}

fn write(addr: usize, value: u8) {
    UserPtr::new(addr).write(value).expect("a writable page");
}
