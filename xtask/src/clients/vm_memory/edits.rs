// SPDX-License-Identifier: MIT OR Apache-2.0
//! vm-memory with axptr inside: which functions get another body, and what it is.

use crate::clients::edit::{
    Change::{self, All, Behind, Statement},
    Edit,
    Place::{self, File, FnIn, FnInMod},
};

const MEMORY: &str = "src/volatile_memory.rs";
const GUEST: &str = "src/guest_memory.rs";

const MOVE: Change = Statement("copy(", "by_axptr::move_bytes(slice.addr, self.addr as *const u8, count);");

const fn edit(file: &'static str, place: Place, change: Change) -> Edit {
    Edit { file, place, change }
}

pub const ALL: &[Edit] = &[
    // The two copies that all others are made of.
    edit(MEMORY, File, Behind(include_str!("ours/by_axptr.rs.in"))),
    edit(
        MEMORY,
        FnInMod("copy_slice_impl", "copy_from_volatile_slice"),
        All("        by_axptr::read(dst, slice.ptr_guard().as_ptr(), total)"),
    ),
    edit(
        MEMORY,
        FnInMod("copy_slice_impl", "copy_to_volatile_slice"),
        All(include_str!("ours/copy_to_volatile_slice.rs.in")),
    ),
    // Values, and arrays of them.
    edit(
        MEMORY,
        FnIn("VolatileRef<'a, T, B>", "load"),
        All("        by_axptr::load(self.ptr_guard().as_ptr().cast())"),
    ),
    edit(MEMORY, FnIn("VolatileRef<'a, T, B>", "store"), All(include_str!("ours/store.rs.in"))),
    edit(
        MEMORY,
        FnIn("VolatileArrayRef<'a, T, B>", "copy_to"),
        Statement(
            "*v = read_volatile(",
            "let Ok(value) = axptr::raw::load(ptr.cast::<T>()) else { break };\n                *v = value;",
        ),
    ),
    edit(
        MEMORY,
        FnIn("VolatileArrayRef<'a, T, B>", "copy_from"),
        Statement("write_volatile(", "by_axptr::store(ptr.cast::<T>(), v);"),
    ),
    // Within the guest's memory: the ranges may overlap.
    edit(MEMORY, FnIn("VolatileSlice<'a, B>", "copy_to_volatile_slice"), MOVE),
    edit(MEMORY, FnIn("VolatileArrayRef<'a, T, B>", "copy_to_volatile_slice"), MOVE),
    // Atomics.
    edit(MEMORY, FnIn("Bytes<usize> for VolatileSlice", "load"), All(include_str!("ours/atomic_load.rs.in"))),
    edit(
        MEMORY,
        FnIn("Bytes<usize> for VolatileSlice", "store"),
        All(include_str!("ours/atomic_store.rs.in")),
    ),
    // A transfer over several regions ends where one of them does.
    edit(GUEST, FnIn("Bytes<GuestAddress> for T", "write"), All(include_str!("ours/write.rs.in"))),
    edit(GUEST, FnIn("Bytes<GuestAddress> for T", "read"), All(include_str!("ours/read.rs.in"))),
];
