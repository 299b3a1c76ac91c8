// SPDX-License-Identifier: MIT OR Apache-2.0
//! A loaded module, whose accesses to user memory have entries in a table of its own.

use alloc::string::String;

use axptr::extable::Table;

use crate::{
    ensure,
    fault::{self, Traps},
    module, space,
};

/// Its faults are repaired by the kernel's pager, or land, as those of the image.
pub fn its_faults_land_by_its_own_table() -> Result<(), String> {
    let function = module::load();
    let result = copies(function);
    module::unload();
    result
}

fn copies(function: module::Function) -> Result<(), String> {
    let table = module::table().ok_or("no table")?;
    let (pc, code) = (table.entries()[0].insn(), function as *const () as usize);
    ensure!((code..code + 128).contains(&pc), "{pc:#x} is not in {code:#x}");
    ensure!(Table::image().find(pc).is_none(), "the image's table knows it");
    space::LAZY.renew();
    space::poke(space::EDGE_TO_HOLE.end() - 5, b"bytes");
    for (user, len, good, traps) in [
        (space::EDGE_TO_HOLE.end() - 5, 5, 5, 0),
        (space::EDGE_TO_HOLE.end() - 5, 9, 5, 1),
        (space::HOLE.start(), 9, 0, 1),
        (space::LAZY.start(), 9, 9, 1),
    ] {
        let mut buf = [b'.'; 9];
        let _window = axptr::window::open();
        // SAFETY: no more bytes than the buffer has.
        let (left, counted) = fault::counted(|| unsafe { function(buf.as_mut_ptr(), user, len) });
        ensure!(left == len - good, "{user:#x}: {left} of {len} left");
        ensure!(counted == Traps::pages(traps), "{user:#x}: {counted:?}");
        let expected: &[u8] = if user == space::LAZY.start() { &[0; 9] } else { &b"bytes"[..good] };
        ensure!(buf[..good] == *expected && buf[good..].iter().all(|&byte| byte == b'.'), "{buf:x?}");
    }
    Ok(())
}
