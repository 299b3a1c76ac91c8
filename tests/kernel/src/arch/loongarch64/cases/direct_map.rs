// SPDX-License-Identifier: MIT OR Apache-2.0
//! Direct-map windows: addresses that kernel code reaches without any page table (Reference Manual vol. 1,
//! chapter 5). Nothing but the check of the range keeps a user's address out of them.

use alloc::{string::String, vec};

use axhal::mem::{VirtAddr, virt_to_phys};
use axptr::{FaultKind, raw};

use crate::{
    ensure,
    fault::{self, Traps},
    op::{BY_REGION, BY_TABLE, Done},
};

/// The window that the platform has opened, for cached memory.
const WINDOW: usize = 0x9000_0000_0000_0000;

/// What lies in the window, by the address that the user would have to know.
static SECRET: [u8; 64] = [0x5a; 64];

fn alias(addr: usize) -> usize {
    WINDOW + virt_to_phys(VirtAddr::from(addr)).as_usize()
}

pub fn no_operation_reaches_a_direct_map_window() -> Result<(), String> {
    let secret = alias(SECRET.as_ptr().addr());
    for op in BY_TABLE.into_iter().chain(BY_REGION) {
        // Each window that there can be, the first and the last bytes of this one, and what is in it.
        let windows = (0..16).map(|nibble| (nibble << 60) | (1 << 59));
        for addr in windows.chain([WINDOW, WINDOW + (1 << 48) - 8, secret, secret + 1]) {
            for len in [1, 2, 4, 8, 16, 33, 64] {
                op.expect(addr, len, &[], Done::stopped(0, FaultKind::OutOfRange, 0))?;
            }
        }
        // A length that would run from the user half into it.
        let len = secret.wrapping_sub(crate::space::RW.start());
        let (result, traps) = fault::counted(|| axptr::fill_user(crate::space::RW.start(), 0, len));
        let kind = result.map_err(|fault| (fault.done, fault.kind));
        ensure!(kind == Err((0, FaultKind::OutOfRange)) && traps == Traps::NONE, "{result:x?}, {traps:?}");
    }
    ensure!(SECRET == [0x5a; 64], "the kernel's memory was written");
    Ok(())
}

/// So the case above can tell: without the check they are read and written, and no fault says so.
pub fn but_the_bare_routines_would() -> Result<(), String> {
    let mut memory = vec![0x11_u8; 64];
    let window = alias(memory.as_ptr().addr());
    let mut bytes = [0; 64];
    // SAFETY: (1) the array has as many bytes; (2) not at all, but the memory behind the address is ours to
    // read.
    let (read, read_traps) =
        fault::counted(|| unsafe { raw::copy_from_user(bytes.as_mut_ptr(), window, 64) });
    // SAFETY: (1) not at all, but the memory behind the address is ours to write.
    let (filled, fill_traps) = fault::counted(|| unsafe { raw::fill_user(window, 0x22, 64) });
    ensure!((read.left(), read_traps) == (0, Traps::NONE), "{read:?}, {read_traps:?}");
    ensure!((filled.left(), fill_traps) == (0, Traps::NONE), "{filled:?}, {fill_traps:?}");
    let after = core::hint::black_box(&mut memory);
    ensure!(bytes == [0x11; 64] && **after == [0x22; 64], "other memory is behind the window");
    Ok(())
}
