// SPDX-License-Identifier: MIT OR Apache-2.0
//! The segments, in the order that `syscall` and `sysret` want.

use x86_64::{
    PrivilegeLevel::{Ring0, Ring3},
    instructions::tables::load_tss,
    registers::model_specific::Star,
    structures::{
        gdt::{Descriptor, GlobalDescriptorTable, SegmentSelector},
        tss::TaskStateSegment,
    },
};

/// The kernel's code, as in `boot.S`.
const KERNEL_CODE: SegmentSelector = SegmentSelector::new(1, Ring0);
const KERNEL_DATA: SegmentSelector = SegmentSelector::new(2, Ring0);
pub const USER_DATA: SegmentSelector = SegmentSelector::new(3, Ring3);
pub const USER_CODE: SegmentSelector = SegmentSelector::new(4, Ring3);
const TSS: SegmentSelector = SegmentSelector::new(5, Ring0);

/// A table of them.
pub(crate) fn table(tss: *const TaskStateSegment) -> GlobalDescriptorTable {
    let mut table = GlobalDescriptorTable::new();
    let expected = [KERNEL_CODE, KERNEL_DATA, USER_DATA, USER_CODE, TSS];
    let segments = [
        Descriptor::kernel_code_segment(),
        Descriptor::kernel_data_segment(),
        Descriptor::user_data_segment(),
        Descriptor::user_code_segment(),
        // SAFETY: `load` asks for a TSS that stays.
        unsafe { Descriptor::tss_segment_unchecked(tss) },
    ];
    assert!(segments.into_iter().map(|segment| table.append(segment)).eq(expected));
    table
}

/// Has the CPU use a table, also for `syscall` and `sysret`.
///
/// # Safety
///
/// The table and its TSS stay where they are for ever.
pub(crate) unsafe fn load(table: &GlobalDescriptorTable) {
    // SAFETY: as this function's.
    unsafe { table.load_unsafe() };
    // SAFETY: it is that table's.
    unsafe { load_tss(TSS) };
    Star::write(USER_CODE, USER_DATA, KERNEL_CODE, KERNEL_DATA).expect("they are in the right order");
}
