// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each kind of memory answers, asked by the access alone.

use alloc::string::String;

use axhal::paging::MappingFlags;
use axptr::{Access, FaultKind};
use memory_addr::va;

use crate::{
    arch, ensure,
    op::{BY_REGION, BY_TABLE, Done, pattern},
    space::{self, PAGE},
};

/// A length of each size class.
const LENGTHS: [usize; 14] = [1, 2, 3, 4, 7, 8, 13, 16, 30, 50, 100, 200, 1000, 5000];

pub fn populated_memory_takes_every_operation() -> Result<(), String> {
    space::RW.renew();
    for op in BY_TABLE {
        for (len, offset) in LENGTHS.into_iter().flat_map(|len| [0, 1, 4093].map(|offset| (len, offset))) {
            let addr = space::RW.start() + offset;
            space::poke(space::RW.start(), &pattern(3 * PAGE));
            op.expect(addr, len, &pattern(3 * PAGE)[offset..], Done::all(len, 0))?;
        }
    }
    Ok(())
}

pub fn a_lazy_page_is_made_by_every_operation() -> Result<(), String> {
    for op in BY_TABLE {
        for len in LENGTHS.into_iter().filter(|&len| len < PAGE) {
            space::LAZY.renew();
            op.expect(space::LAZY.start() + 5, len, &[0; PAGE - 5], Done::all(len, 1))?;
            let present = space::is_present(space::LAZY.page(1));
            ensure!(!present, "{op:?} made the next page too");
        }
    }
    Ok(())
}

pub fn read_only_memory_refuses_writes_only() -> Result<(), String> {
    let addr = space::RO.start() + 9;
    space::poke(addr, &pattern(2 * PAGE));
    for op in BY_TABLE {
        for len in LENGTHS {
            let expected = match op.access {
                Access::Read => Done::all(len, 0),
                // The first access to fault may be one behind the page's edge; then its landing tries the
                // bytes before the edge, and that is a second trap.
                Access::Write if len > PAGE => {
                    let done = op.check(addr, len, &pattern(2 * PAGE))?;
                    ensure!(done.copied == 0 && (1..=2).contains(&done.traps.page), "{op:?}: {done:?}");
                    continue;
                }
                Access::Write => Done::stopped(0, arch::FORBIDDEN, 1),
            };
            op.expect(addr, len, &pattern(2 * PAGE), expected)?;
        }
    }
    Ok(())
}

pub fn unmapped_memory_refuses_every_operation() -> Result<(), String> {
    for op in BY_TABLE {
        for len in LENGTHS.into_iter().filter(|&len| len < PAGE) {
            op.expect(space::HOLE.start(), len, &[], Done::stopped(0, FaultKind::NotPresent, 1))?;
        }
    }
    Ok(())
}

/// Range mode trusts the kernel to keep nothing private in the user half: an ordinary access of the kernel's
/// own reaches it, in a window or without. Only unprivileged accesses do not. Region mode is for kernels that cannot
/// promise it.
pub fn range_mode_reaches_what_the_kernel_keeps_in_the_user_half() -> Result<(), String> {
    let addr = space::KERNEL_ONLY.start();
    for op in BY_TABLE {
        space::poke(addr, &pattern(PAGE));
        let expected = match arch::REACHES_PRIVATE_PAGES {
            true => Done::all(100, 0),
            false => Done::stopped(0, FaultKind::Permission, 1),
        };
        op.expect(addr, 100, &pattern(PAGE), expected)?;
    }
    space::poke(addr, &pattern(PAGE));
    for op in BY_REGION {
        op.expect(addr, 100, &pattern(PAGE), Done::stopped(0, FaultKind::Permission, 0))?;
    }
    Ok(())
}

pub fn a_protected_page_refuses_writes_though_its_area_permits_them() -> Result<(), String> {
    space::RW.renew();
    let (good, protected) = (space::RW.start(), space::RW.page(1));
    let read_only = MappingFlags::READ | MappingFlags::USER;
    let result = space::space().lock().areas.protect(va!(protected), PAGE, read_only);
    ensure!(result.is_ok(), "protect: {result:?}");
    for op in BY_TABLE {
        space::poke(good, &pattern(3 * PAGE));
        let (addr, len) = (protected - 100, 200);
        let expected = match op.access {
            Access::Read => Done::all(len, 0),
            Access::Write => Done::stopped(100, arch::FORBIDDEN, 1),
        };
        op.expect(addr, len, &pattern(3 * PAGE)[PAGE - 100..], expected)?;
    }
    space::RW.renew();
    Ok(())
}

pub fn no_byte_is_touched_by_length_zero() -> Result<(), String> {
    for op in BY_TABLE.into_iter().chain(BY_REGION) {
        for addr in [0, 1, space::HOLE.start(), space::KERNEL_ONLY.start(), 1 << 47, 1 << 63, usize::MAX] {
            op.expect(addr, 0, &[], Done::all(0, 0))?;
        }
    }
    Ok(())
}
