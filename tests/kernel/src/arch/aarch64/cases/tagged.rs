// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tagged user addresses on a machine that ignores the tags (feature `untag`).

use alloc::string::String;

use axptr::{Fault, FaultKind, UserConstPtr, UserPtr, raw, region};

use super::super::top_byte;
use crate::{
    arch, ensure, fault,
    op::pattern,
    space::{self, Locked, PAGE},
};

const TAGS: [usize; 4] = [0x01 << 56, 0x5a << 56, 0x80 << 56, 0xff << 56];
const BITS: u32 = 8;

/// Tags are removed while it lives.
struct Removed;

impl Removed {
    fn new() -> Self {
        axptr::set_tag_bits(BITS).expect("8 bits are no more than 16");
        Self
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        axptr::set_tag_bits(0).expect("none is no more than 16");
    }
}

/// The machine takes these addresses from user code, so a system call does, too.
pub fn every_operation_takes_what_the_machine_takes() -> Result<(), String> {
    let _removed = Removed::new();
    let (plain, bytes) = (space::RW.start() + 100, pattern(300));
    for tag in TAGS {
        let tagged = plain | tag;
        let mut back = [0; 300];
        // SAFETY: (1) the array; (2) user memory, whether the machine ignores the tag or not.
        let by_machine =
            top_byte::while_ignored(|| unsafe { raw::copy_from_user(back.as_mut_ptr(), tagged, 300) });
        ensure!(by_machine.left() == 0, "the machine does not ignore {tag:#x}");
        space::poke(plain, &[0; 300]);
        let written = axptr::copy_to_user(tagged, &bytes);
        ensure!(written == Ok(()) && space::peek(plain, 300) == bytes, "{written:?} under {tag:#x}");
        let read = axptr::copy_from_user(&mut back, tagged);
        ensure!(read == Ok(()) && back[..] == bytes, "{read:?} under {tag:#x}");
        let word = UserPtr::<u64>::from(space::RW.start() | tag);
        ensure!(word.write(7) == Ok(()) && word.read() == Ok(7), "a value under {tag:#x}");
        ensure!(word.atomic().fetch_add(2) == Ok(7) && word.read() == Ok(9), "an atomic under {tag:#x}");
        let in_region = region::copy_from_user(Locked, &mut back[..8], space::RW.start() | tag);
        ensure!(in_region == Ok(()) && back[0] == 9, "{in_region:?} under {tag:#x}");
        let moved = axptr::copy_in_user(space::RW.page(4) | tag, tagged, 300);
        ensure!(moved == Ok(()) && space::peek(space::RW.page(4), 300) == bytes, "{moved:?} under {tag:#x}");
        space::poke(plain, b"text\0");
        let text = UserConstPtr::<u8>::from(tagged).as_cstr().len(10);
        ensure!(text == Ok(4), "{text:?} under {tag:#x}");
    }
    Ok(())
}

/// The pager and the caller get the address that the page has.
pub fn faults_name_the_address_without_its_tag() -> Result<(), String> {
    let _removed = Removed::new();
    let edge = space::HOLE_AFTER_EDGE.start();
    for tag in TAGS {
        let fault = axptr::copy_from_user(&mut [0; 100], (edge - 30) | tag);
        let due = Fault::new(edge - 30, 30, axptr::Access::Read, FaultKind::NotPresent);
        ensure!(fault == Err(due), "{fault:x?} under {tag:#x}");
        space::LAZY.renew();
        fault::last_call();
        let filled = axptr::fill_user(space::LAZY.start() | tag, 1, PAGE);
        let call = fault::last_call().map(|call| call.addr);
        ensure!(
            filled == Ok(()) && call == Some(space::LAZY.start()),
            "{filled:?}, {call:x?} under {tag:#x}"
        );
    }
    Ok(())
}

pub fn a_kernel_address_stays_one_under_any_tag() -> Result<(), String> {
    let _removed = Removed::new();
    let own = arch::UNMAPPED_KERNEL_ADDR;
    let (results, traps) =
        fault::counted(|| TAGS.map(|tag| axptr::copy_from_user(&mut [0; 8], own & usize::MAX >> BITS | tag)));
    let due = Fault::new(own, 0, axptr::Access::Read, FaultKind::OutOfRange);
    ensure!(results == [Err(due); 4] && traps == fault::Traps::NONE, "{results:x?}, {traps:?}");
    Ok(())
}

/// With the bits at their default, whatever the machine ignores.
pub fn without_bits_for_it_a_tag_is_refused() -> Result<(), String> {
    let tagged = space::RW.start() | TAGS[1];
    let read = top_byte::while_ignored(|| axptr::copy_from_user(&mut [0; 8], tagged));
    ensure!(
        read.is_err_and(|fault| (fault.addr, fault.kind) == (tagged, FaultKind::OutOfRange)),
        "{read:x?}"
    );
    Ok(())
}

/// A routine takes a tagged address as it is: where the machine ignores the tag, the pager gets the page's address.
pub fn the_pager_of_a_bare_routine_gets_the_address_without_its_tag() -> Result<(), String> {
    for tag in TAGS {
        space::LAZY.renew();
        fault::last_call();
        let addr = space::LAZY.start() + 9 | tag;
        let mut back = [1; 8];
        // SAFETY: (1) the array; (2) user memory, because the machine ignores the tag.
        let outcome = top_byte::while_ignored(|| unsafe { raw::copy_from_user(back.as_mut_ptr(), addr, 8) });
        let call = fault::last_call().map(|call| call.addr);
        ensure!(outcome.left() == 0 && back == [0; 8], "{outcome:?} under {tag:#x}");
        ensure!(call == Some(space::LAZY.start() + 9), "the pager got {call:x?} under {tag:#x}");
    }
    Ok(())
}
