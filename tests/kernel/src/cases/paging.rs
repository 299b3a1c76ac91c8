// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that come while a copy is under way.

use alloc::{string::String, vec, vec::Vec};

use axptr::{
    Access, UserRange,
    region::{AddrSpaceProvider, AddressSpace},
};

use crate::{
    ensure, fault,
    op::{BY_TABLE, Done, pattern},
    space::{self, Locked, PAGE},
};

/// A page that is there, one that is not, and one that is; what they hold.
fn good_lazy_good() -> (usize, Vec<u8>) {
    space::EDGE_TO_LAZY.renew();
    space::LAZY_AFTER_EDGE.renew();
    let (first, third) = (space::EDGE_TO_LAZY.start(), space::LAZY_AFTER_EDGE.page(1));
    let made = space::space().lock().handle_fault(third, Access::Write);
    assert!(made, "the third page");
    let mut content = pattern(3 * PAGE);
    content[PAGE..2 * PAGE].fill(0);
    space::poke(first, &content[..PAGE]);
    space::poke(third, &content[2 * PAGE..]);
    (first, content)
}

pub fn a_lazy_page_in_the_middle_loses_no_byte() -> Result<(), String> {
    for op in BY_TABLE {
        for (offset, short) in [(0, 0), (1, 1), (8, 0), (13, 100), (PAGE - 1, PAGE - 1)] {
            let (start, content) = good_lazy_good();
            let len = 3 * PAGE - offset - short;
            op.expect(start + offset, len, &content[offset..], Done::all(len, 1))?;
        }
    }
    Ok(())
}

pub fn a_lazy_page_loses_no_byte_at_any_split() -> Result<(), String> {
    for len in [2, 3, 4, 7, 8, 9, 16, 17, 31, 33, 64, 65, 128, 129, 200] {
        for before in (1..len).filter(|&before| len < 33 || before % 13 == 1) {
            for op in BY_TABLE {
                // Into the lazy page, then out of it.
                let (start, content) = good_lazy_good();
                let offset = PAGE - before;
                op.expect(start + offset, len, &content[offset..], Done::all(len, 1))?;
                let (start, content) = good_lazy_good();
                let offset = 2 * PAGE - before;
                op.expect(start + offset, len, &content[offset..], Done::all(len, 1))?;
            }
        }
    }
    Ok(())
}

pub fn many_lazy_pages_cost_a_trap_each() -> Result<(), String> {
    let count = 7;
    for op in BY_TABLE {
        space::LAZY.renew();
        let len = count * PAGE - 20;
        fault::last_call();
        op.expect(space::LAZY.start() + 10, len, &vec![0; len], Done::all(len, count))?;
        let last = fault::last_call().map(|call| call.addr / PAGE * PAGE);
        ensure!(last == Some(space::LAZY.page(count - 1)), "{op:?}: the pager was asked for {last:x?}");
    }
    Ok(())
}

/// axmm's own handler would put a fresh page in its place.
pub fn a_present_page_keeps_its_data_when_it_is_populated_again() -> Result<(), String> {
    space::LAZY.renew();
    let (addr, bytes) = (space::LAZY.start() + 50, pattern(1000));
    let first = axptr::copy_to_user(addr, &bytes);
    ensure!(first == Ok(()), "{first:?}");
    let page = UserRange::new(space::LAZY.start(), PAGE).expect("in the user half");
    for access in [Access::Read, Access::Write] {
        for at in [page.start(), addr, page.start() + PAGE - 1] {
            let again = space::space().lock().handle_fault(at, access);
            ensure!(again, "the pager refuses a page that is there, {access:?} at {at:#x}");
        }
        let ready = Locked.with_addr_space(|areas| areas.populate_area(page, access));
        ensure!(ready == PAGE, "{ready} bytes populated");
    }
    ensure!(space::peek(addr, bytes.len()) == bytes, "the data is gone");
    Ok(())
}

/// Between the fault and the pager's lock, another CPU takes the same fault and writes.
pub fn a_page_that_another_cpu_has_made_meanwhile_keeps_its_data() -> Result<(), String> {
    const OTHERS: (usize, &[u8]) = (space::LAZY.start() + 2000, b"written by the other CPU");
    for op in BY_TABLE {
        space::LAZY.renew();
        fault::before_next_page(|| {
            assert!(space::space().lock().handle_fault(OTHERS.0, Access::Write), "the other CPU's page");
            space::poke(OTHERS.0, OTHERS.1);
        });
        let done = op.check(space::LAZY.start(), 64, &[0; 64])?;
        ensure!(fault::detour_taken(), "{op:?} has not asked the pager");
        ensure!(done == Done::all(64, 1), "{op:?}: {done:?}");
        ensure!(space::peek(OTHERS.0, OTHERS.1.len()) == OTHERS.1, "{op:?} lost the other CPU's data");
    }
    Ok(())
}
