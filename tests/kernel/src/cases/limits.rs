// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses and lengths that no user memory can have.

use alloc::{string::String, vec};

use axptr::{Access, Fault, FaultKind, raw, raw::Outcome, region};

use crate::{
    arch, ensure,
    fault::{self, Traps},
    op::{BY_REGION, BY_TABLE, Done, PARTNER},
    space::{self, Locked, PAGE},
};

pub fn the_typed_api_refuses_without_a_trap() -> Result<(), String> {
    let limit = axptr::user_limit();
    let refused = Done::stopped(0, FaultKind::OutOfRange, 0);
    for op in BY_TABLE.into_iter().chain(BY_REGION) {
        for addr in
            arch::OUT_OF_REACH.addrs.into_iter().chain([arch::UNMAPPED_KERNEL_ADDR, 1 << 63, usize::MAX])
        {
            for len in [1, 8, 100, 5000] {
                op.expect(addr, len, &[], refused)?;
            }
        }
        for (addr, len) in
            [(limit, 1), (limit - 1, 2), (limit - 7, 8), (limit - 100, 101), (usize::MAX - 3, 8)]
        {
            op.expect(addr, len, &[], refused)?;
        }
    }
    for op in BY_TABLE {
        op.expect(limit - 8, 8, &[], Done::stopped(0, FaultKind::NotPresent, 1))?;
    }
    let rw = space::RW.start();
    for (addr, len) in
        [(rw, usize::MAX), (rw, limit), (1, usize::MAX), (0, limit + 1), (usize::MAX, usize::MAX)]
    {
        let (results, traps) = fault::counted(|| {
            [
                axptr::fill_user(addr, 0, len),
                axptr::copy_in_user(addr, rw, len),
                axptr::copy_in_user(rw, addr, len),
                region::fill_user(Locked, addr, 0, len),
            ]
        });
        let is_refused = |result: &Result<(), Fault>| {
            result.is_err_and(|fault| fault.done == 0 && fault.kind == FaultKind::OutOfRange)
        };
        ensure!(
            traps == Traps::NONE && results.iter().all(is_refused),
            "{len:#x} bytes at {addr:#x}: {results:x?}, {traps:?}"
        );
    }
    Ok(())
}

/// Where nobody has checked the address, the machine does; each copy survives it at the price of one trap, or of
/// two where the range crosses a page's edge and the machine tells no more than for a page.
pub fn the_routines_survive_addresses_out_of_reach() -> Result<(), String> {
    let mut buffer = vec![0xaa_u8; 5000];
    let kernel = buffer.as_mut_ptr();
    for bad in arch::OUT_OF_REACH.addrs {
        for len in (1..=140).chain([255, 256, 1000, 5000]) {
            // SAFETY: (1) the buffer is as long; (2) the address cannot be translated.
            survive("in", bad, len, Access::Read, || unsafe { raw::copy_from_user(kernel, bad, len) })?;
            // SAFETY: (1) the buffer is as long; (2) the address cannot be translated.
            survive("out", bad, len, Access::Write, || unsafe { raw::copy_to_user(bad, kernel, len) })?;
            // SAFETY: (1) user memory, and an address that cannot be translated.
            survive("from", bad, len, Access::Read, || unsafe { raw::copy_in_user(PARTNER, bad, len) })?;
            // SAFETY: (1) an address that cannot be translated, and user memory.
            survive("to", bad, len, Access::Write, || unsafe { raw::copy_in_user(bad, PARTNER, len) })?;
            // SAFETY: (1) the address cannot be translated.
            survive("fill", bad, len, Access::Write, || unsafe { raw::fill_user(bad, 0, len) })?;
        }
    }
    ensure!(buffer.iter().all(|&byte| byte == 0xaa), "the kernel's buffer was written");
    Ok(())
}

fn survive(
    what: &str,
    addr: usize,
    len: usize,
    access: Access,
    copy: impl FnOnce() -> Outcome,
) -> Result<(), String> {
    let known = arch::OUT_OF_REACH;
    let crosses = addr % PAGE != 0 && addr % PAGE + len > PAGE;
    let most = if known.may_be_tried_again && crosses { 2 } else { 1 };
    let traps_of = |count| match known.has_a_class {
        true => Traps { page: 0, out_of_reach: count },
        false => Traps::pages(count),
    };
    let allowed = &[traps_of(1), traps_of(most)];
    let (outcome, traps) = fault::counted(copy);
    ensure!(
        outcome.left() == len
            && outcome.kind() == known.kind
            && outcome.access() == Some(access)
            && allowed.contains(&traps),
        "{what}, {len} bytes at {addr:#x}: {outcome:?}, {traps:?}"
    );
    Ok(())
}
