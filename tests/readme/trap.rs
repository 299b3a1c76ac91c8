// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trap handler's sample with frames made up here: what it does to each.

use std::sync::atomic::{AtomicUsize, Ordering};

use axptr::{
    Access,
    extable::{Entry, Table},
};

use super::samples::trap::{Frame, page_fault, protection_fault};

const PAGE: usize = 0x7000;
const PRESENT: usize = 1;
const WRITE: usize = 2;
const FETCH: usize = 16;

fn frame(pc: usize) -> Frame {
    Frame { rip: pc, rdx: 0, rsi: PAGE, rdi: 0x9000 }
}

/// An entry that the pager is asked for, of an instruction that `accepts` says something of.
fn entry(accepts: impl Fn(&Entry) -> bool) -> &'static Entry {
    let fits = |entry: &&Entry| !entry.is_nofault() && accepts(entry);
    Table::image().entries().iter().find(fits).expect("the table has each kind of entry")
}

#[test]
fn a_repaired_fault_resumes_where_it_was() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    fn pager(addr: usize, access: Access) -> bool {
        ASKED.store(addr | access as usize, Ordering::Relaxed);
        true
    }
    let entry = entry(|entry| entry.accepts(None));
    for (error, access) in [(0, Access::Read), (WRITE, Access::Write), (PRESENT | WRITE, Access::Write)] {
        let mut frame = frame(entry.insn());
        assert!(page_fault(&mut frame, PAGE, error, pager));
        assert_eq!((frame.rip, frame.rdx), (entry.insn(), 0));
        assert_eq!(ASKED.load(Ordering::Relaxed), PAGE | access as usize);
    }
}

#[test]
fn a_fault_that_stays_one_goes_on_at_the_landing() {
    let entry = entry(|entry| entry.accepts(None));
    let mut causes = Vec::new();
    for error in [0, PRESENT, WRITE] {
        let mut frame = frame(entry.insn());
        assert!(page_fault(&mut frame, PAGE, error, |_, _| false));
        assert_eq!(frame.rip, entry.landing());
        causes.push(frame.rdx);
    }
    assert!(causes.iter().all(|&cause| cause != 0), "the landing is told: {causes:x?}");
    assert!(causes[0] != causes[1] && causes[0] != causes[2], "and told apart: {causes:x?}");
}

#[test]
fn a_fault_of_the_kernel_is_the_kernels() {
    let mut frame = frame(PAGE);
    assert!(!page_fault(&mut frame, PAGE, 0, |_, _| panic!("it is not the pager's")));
    assert!(!protection_fault(&mut frame));
    assert_eq!((frame.rip, frame.rdx), (PAGE, 0), "nothing is changed");
    let mut fetch = self::frame(entry(|entry| entry.accepts(None)).insn());
    assert!(!page_fault(&mut fetch, PAGE, FETCH, |_, _| panic!("it is not the pager's")));
}

/// Only `movs` touches both sides, and only x86_64 has a fault without an address.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_protection_fault_is_decided_by_the_operands() {
    const NOT_CANONICAL: usize = 1 << 62;
    let read = entry(|entry| entry.accepts(Some(Access::Read)) && !entry.accepts(None));
    let mut user_side = Frame { rsi: NOT_CANONICAL, ..frame(read.insn()) };
    assert!(protection_fault(&mut user_side));
    assert_eq!(user_side.rip, read.landing());
    let kernel_side = entry(|entry| !entry.accepts(Some(Access::Write)));
    let mut kernel_side = Frame { rdi: NOT_CANONICAL, ..frame(kernel_side.insn()) };
    assert!(!protection_fault(&mut kernel_side), "the kernel's own side is not recovered");
}
