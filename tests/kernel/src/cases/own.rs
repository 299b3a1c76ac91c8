// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's own faultable instructions, with entries from the macro: one in `asm!`, the others in `global_asm!`.

use alloc::string::String;

use crate::{
    access,
    arch::window,
    byte_loop, ensure,
    fault::{self, Traps},
    space,
};

pub fn a_faultable_instruction_of_the_kernels_own_is_recovered() -> Result<(), String> {
    for (what, addr, loaded, stored, traps) in [
        ("memory", space::RW.start(), Some(7), true, [0, 0]),
        ("read-only memory", space::RO.start(), Some(7), false, [0, 1]),
        ("a hole", space::HOLE.start(), None, false, [1, 1]),
        ("a lazy page", space::LAZY.start(), Some(0), true, [1, 0]),
    ] {
        space::LAZY.renew();
        if loaded == Some(7) {
            space::poke(addr, &[7]);
        }
        let (load, load_traps) = fault::counted(|| {
            let _window = axptr::window::open();
            access::try_load(addr)
        });
        ensure!(load == loaded, "{what} gave {load:?}");
        // SAFETY: user memory.
        let (store, store_traps) =
            fault::counted(|| window::during(|| unsafe { access::try_store(addr, 9) }).0);
        ensure!(store == stored, "{what} was stored to: {store}");
        ensure!(
            [load_traps, store_traps] == traps.map(Traps::pages),
            "{what}: {load_traps:?}, {store_traps:?}"
        );
        if let Some(before) = loaded {
            let now = space::peek(addr, 1)[0];
            ensure!(now == if stored { 9 } else { before }, "{what} holds {now}");
        }
    }
    Ok(())
}

pub fn a_byte_loop_of_the_kernels_own_ends_at_the_hole() -> Result<(), String> {
    space::poke(space::EDGE_TO_HOLE.end() - 5, b"bytes");
    for (good, len) in [(0, 0), (0, 3), (5, 5), (5, 9)] {
        let mut buf = [b'.'; 9];
        let user = space::EDGE_TO_HOLE.end() - good;
        // SAFETY: no more bytes than the buffer has.
        let copy = || unsafe { byte_loop::copy(buf.as_mut_ptr(), user, len) };
        let (left, traps) = fault::counted(|| window::during(copy).0);
        let faults = usize::from(good < len);
        ensure!((left, traps) == (len - good, Traps::pages(faults)), "{good} of {len}: {left}, {traps:?}");
        ensure!(buf[..good] == b"bytes"[..good] && buf[good..].iter().all(|&b| b == b'.'), "{buf:x?}");
    }
    Ok(())
}
