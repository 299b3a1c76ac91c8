// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same operations with tagged addresses (feature `untag`): each does what it does with the address without the tag,
//! and its fault names that one.

use std::ffi::c_char;

use axerrno::LinuxError;
use axptr::{UserConstPtr, UserPtr};
use axptr_cases::Handler;

use crate::{
    Bed, EDGE, EDGES, Findings, Good, Operation, PAGES, Refusal, Tag,
    front::Front,
    lengths,
    operation::{Honesty, Space},
    positions, table,
};

/// One of each machine's. Bit 63 is none of x86_64's tags.
const TAGS: [Tag; 3] = [
    Tag { bits: 7, value: 0x34 << 57 },
    Tag { bits: 8, value: 0x5a << 56 },
    // What a process has lies below 2^47 here.
    #[cfg(target_arch = "x86_64")]
    Tag { bits: 16, value: 0x5a5a << 48 },
    #[cfg(not(target_arch = "x86_64"))]
    Tag { bits: 8, value: 0xff << 56 },
];

/// Tags are ignored while it lives.
struct Ignored;

impl Ignored {
    fn new(tag: Tag) -> Self {
        axptr::set_tag_bits(tag.bits).unwrap();
        Self
    }
}

impl Drop for Ignored {
    fn drop(&mut self) {
        axptr::set_tag_bits(0).unwrap();
    }
}

#[test]
fn every_operation_stops_exactly_where_the_pages_do() {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    for (tag, kinds) in TAGS.into_iter().flat_map(|tag| EDGES.map(|kinds| (tag, kinds))) {
        let _ignored = Ignored::new(tag);
        let mut bed = Bed { tag, ..Bed::new(kinds) };
        for row in table::all() {
            for len in lengths(&row).into_iter().step_by(2) {
                for before_edge in positions(&row, len).into_iter().step_by(3) {
                    findings.note(&row, bed.meet_pages(&row, EDGE - before_edge, len));
                }
            }
        }
    }
    findings.report();
}

/// The kernel's half included: its addresses stay there under any tag.
#[test]
fn every_operation_refuses_what_is_not_in_the_user_half() {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    for tag in TAGS {
        let _ignored = Ignored::new(tag);
        let mut bed = Bed { tag, ..Bed::new([Good; PAGES]) };
        let (start, limit) = (bed.layout.start, axptr::user_limit());
        for row in table::all().into_iter().filter(is_checked) {
            for len in lengths(&row) {
                let inside = positions(&row, len).into_iter().filter(|before| *before < len).step_by(3);
                for before_limit in inside {
                    findings.note(&row, bed.meet_limit(&row, EDGE - before_limit, len, start + EDGE));
                }
                for addr in [limit, usize::MAX - len / 2, usize::MAX - 15, usize::MAX << 46] {
                    // With an end of 2^56, as riscv64 has it, the limit's own bits may be a tag's, or the sign below one.
                    if !is_without_tag(addr, tag.bits) {
                        continue;
                    }
                    let addr = addr / row.align * row.align;
                    findings.note(&row, bed.meet_limit(&row, addr.wrapping_sub(start), len, limit));
                }
            }
        }
    }
    findings.report();
}

/// Whether the bits of a tag are copies of the one below them.
fn is_without_tag(addr: usize, bits: u32) -> bool {
    let high = addr >> (usize::BITS - bits - 1);
    high == 0 || high == (1 << (bits + 1)) - 1
}

/// As before: what has a tag is not in the user half, and the fault names what was given.
#[test]
fn without_bits_for_it_a_tag_is_refused() {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    let mut bed = Bed::new([Good; PAGES]);
    assert_eq!(axptr::tag_bits(), 0);
    for tag in TAGS {
        let tagged = tag.put_on(bed.layout.start);
        for row in table::all().into_iter().filter(is_checked) {
            for len in lengths(&row) {
                let offset = tagged.wrapping_sub(bed.layout.start);
                findings.note(&row, bed.meet_limit(&row, offset, len, axptr::user_limit()));
            }
        }
    }
    findings.report();
}

/// Whether it checks the address that it gets.
fn is_checked(row: &Operation) -> bool {
    !row.is_made_before && row.refusal != Refusal::Unchecked
}

/// The methods of the earlier axptr, which give references: to the address without the tag.
#[test]
#[expect(deprecated, reason = "they are what is tested")]
fn the_earlier_methods_take_tags() {
    let _front = Front::new(Handler::Full);
    let mut bed = Bed::new([Good; PAGES]);
    bed.put(EDGE - 6, b"words\0");
    let mut space = Space { layout: bed.layout, honesty: Honesty::Refuses };
    let start = bed.layout.start + EDGE - 6;
    for tag in TAGS {
        let _ignored = Ignored::new(tag);
        let text = UserConstPtr::<c_char>::from(tag.put_on(start));
        assert_eq!(text.get_as_str(&mut space), Ok("words"));
        let mut bytes = UserPtr::<[u8; 6]>::from(tag.put_on(start));
        let value = bytes.get(&mut space).unwrap();
        assert_eq!((&raw const *value).addr(), start);
        assert_eq!(*value, *b"words\0");
        let mut far = UserPtr::<[u8; 6]>::from(tag.put_on(axptr::user_limit()));
        assert_eq!(far.get(&mut space), Err(LinuxError::EFAULT));
    }
}
