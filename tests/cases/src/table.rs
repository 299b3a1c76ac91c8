// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of cases. A new one is a function in `cases` and a line here.

use alloc::string::String;

use crate::{
    cases::{
        atomics, compare, legacy, nofault, overlap, pages, pointers, ranges, slices, strings, structs, values,
    },
    site::Site,
};

/// A claim and its proof.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The claim.
    pub name: &'static str,
    /// Its proof, for a site whose handler tells everything. `Err` says what was found instead.
    pub run: fn(&mut dyn Site) -> Result<(), String>,
}

/// All cases. They are independent of each other and of their order; each leaves no trace but its mappings.
pub const CASES: &[Case] = &[
    case("bytes arrive at every alignment of both sides", pages::every_alignment),
    case("a copy that ends at an unmapped page keeps its prefix", pages::ends_at_an_unmapped_page),
    case("a copy that begins at an unmapped page does nothing", pages::begins_at_an_unmapped_page),
    case("every operation meets every kind of page", pages::every_kind),
    case("a range inside of an unmapped page costs one trap", pages::inside_an_unmapped_page),
    case("a page that comes during a copy loses no byte", pages::demand_paging),
    case("demand paging stops at the first page that nobody provides", pages::demand_paging_ends),
    case("a read-only page can be read and not be written", pages::read_only),
    case("a thousand faults in a row are a thousand exact answers", pages::many_faults),
    case("length 0 succeeds anywhere and touches nothing", ranges::length_zero),
    case("a range outside of the user half is refused without a trap", ranges::outside),
    case("any length from user space is refused or ends at a bad page", ranges::huge_lengths),
    case("null is an address like any other bad one", ranges::null),
    case("the last user byte is in range and the next one is not", ranges::last_byte),
    case("the user half ends where the kernel says", ranges::another_limit),
    case("an address that cannot be translated costs one trap", ranges::untranslatable),
    case("a value is read whole or not at all", pointers::read),
    case("a value is written up to the first bad byte", pointers::write),
    case("a slice is read up to the first bad byte of an element", pointers::read_slice),
    case("a slice is written up to the first bad byte of an element", pointers::write_slice),
    case("memory without a value can be read into", pointers::read_uninit),
    case("a null pointer answers with a fault", pointers::null),
    case("overlapping ranges end and stay inside the destination", overlap::stays_inside),
    case("overlapping ranges stop at the first bad byte", overlap::stops),
    case("a slice lies in the user half or does not exist", slices::constructor),
    case("a part of a slice lies inside it", slices::parts),
    case("a slice moves as many values as both sides have", slices::copies),
    case("a vector grows with what is there, not with what is claimed", slices::to_vec),
    case("an offset that does not fit leads nowhere", slices::vectors_of_values),
    case("a reader reads each byte once and stays at a fault", slices::reader),
    case("a writer writes each byte once and stays at a fault", slices::writer),
    case("a struct of any user size reads as the kernel's", structs::read),
    case("a struct that cannot be read says why", structs::read_faults),
    case("a struct fills the room that user space has for it", structs::write),
    case("zeroes are told from other bytes up to a bad page", structs::zeroed),
    case("a vector is imported once or refused with its reason", structs::import),
    case("a vector's transfers count exactly at every offset", structs::scatter_gather),
    case("a chunked transfer pauses, stops, resumes and counts", structs::chunked),
    case(
        "a single value is exact at every position around an edge, and so is a string",
        values::every_position,
    ),
    case("a single value keeps its sign and its neighbours", values::signs),
    case("a single value outside of the user half is refused without a trap", values::refused),
    case("a cursor stays at a single value that faults", values::cursors),
    case("a batch does its accesses in order, up to the first that fails", values::batches),
    case("a single value that crosses into a read-only page writes its prefix", values::read_only),
    case("a string may end at each byte of a page with nothing behind it", strings::ends_at_an_edge),
    case("a string may be of any bytes but zero", strings::of_any_bytes),
    case("a string is told from one that is longer than the limit", strings::limits),
    case("a string that meets a bad page says how much there was", strings::faults),
    case("a string may end at the last byte of the user half", strings::at_the_end_of_the_user_half),
    case("a string that is not UTF-8 says so", strings::utf8),
    case("a string brings its own pages and no other", strings::demand_paging),
    case("an array of any element ends at its zero element", strings::arrays),
    case("atomics compute as the machine's integers do", atomics::values),
    case("a misaligned atomic is refused before the access", atomics::misaligned),
    case("an atomic on a bad page answers with a fault", atomics::faults),
    case("a futex operation decodes, acts and compares", atomics::futex),
    case("user memory is compared up to the first difference or a bad page", compare::differences),
    case("zeroes are told from other bytes in any slice", compare::zeroes),
    case("no form without the pager makes a page", nofault::lazy),
    case("bytes move without the pager up to a bad page", nofault::bulk),
    case("pages are made present and keep what they hold", nofault::make_present),
    case("a long operation has its pages present part by part", nofault::windows),
    case("a probe of kernel memory reads it or says why not", nofault::kernel_probe),
    case("the earlier library's references are given as before", legacy::values),
    case("the earlier library's slices take no length for granted", legacy::slices),
    case("the earlier library's scans end at the terminator", legacy::terminated),
    case("the earlier library's scans have a limit", legacy::scan_limit),
];

const fn case(name: &'static str, run: fn(&mut dyn Site) -> Result<(), String>) -> Case {
    Case { name, run }
}
