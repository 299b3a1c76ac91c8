// SPDX-License-Identifier: MIT OR Apache-2.0
//! Slices, through starry-vm and with counts, at every border.

use std::mem::MaybeUninit;

use crate::pages::Pages;
use axptr::{Access, FaultKind};
use axptr_starry_vm::{ActiveSpace, VmIoCounted};
use starry_vm::{VmIo, vm_read_slice, vm_write_slice};

const MARK: u8 = 0xee;

fn marked(len: usize) -> Vec<MaybeUninit<u8>> {
    vec![MaybeUninit::new(MARK); len]
}

fn seen(buf: &[MaybeUninit<u8>]) -> Vec<u8> {
    // SAFETY: `marked` has initialised each of them.
    buf.iter().map(|byte| unsafe { byte.assume_init() }).collect()
}

fn source(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index % 241) as u8 ^ 0x80).collect()
}

#[test]
fn a_slice_is_read_or_refused() {
    let pages = Pages::new();
    for (addr, len) in pages.places() {
        let (done, error) = pages.expected(addr, len, Access::Read);
        let mut buf = marked(len);
        let result = vm_read_slice(&mut ActiveSpace, std::ptr::without_provenance::<u8>(addr), &mut buf);
        assert_eq!(result.err(), error, "{addr:#x} + {len}");
        let mut expected = vec![MARK; len];
        if done > 0 {
            expected[..done].copy_from_slice(pages.bytes(addr, done));
        }
        assert_eq!(seen(&buf), expected, "{addr:#x} + {len}");
    }
    pages.check("reading");
}

#[test]
fn a_slice_is_written_or_refused() {
    let mut pages = Pages::new();
    for (addr, len) in pages.places() {
        let (done, error) = pages.expected(addr, len, Access::Write);
        let bytes = source(len);
        let result = vm_write_slice(&mut ActiveSpace, std::ptr::without_provenance_mut::<u8>(addr), &bytes);
        assert_eq!(result.err(), error, "{addr:#x} + {len}");
        if done > 0 {
            pages.expect(addr, &bytes[..done]);
        }
        pages.check(&format!("writing {addr:#x} + {len}"));
    }
}

#[test]
fn a_slice_of_larger_elements_needs_no_alignment() {
    let mut pages = Pages::new();
    // Three words across a border of two good pages, and across a bad one.
    for (addr, bad) in [(pages.page(2) - 11, false), (pages.page(3) - 11, true)] {
        let mut words = [MaybeUninit::<u64>::uninit(); 3];
        let read = vm_read_slice(&mut ActiveSpace, std::ptr::without_provenance(addr), &mut words);
        assert_eq!(read.is_err(), bad);
        if !bad {
            // SAFETY: they were read.
            let words = words.map(|word| unsafe { word.assume_init() });
            assert_eq!(bytemuck::bytes_of(&words), pages.bytes(addr, 24));
        }
        let words = [0x1122_3344_5566_7788_u64, 0x99aa_bbcc_ddee_ff00, 0x0102_0304_0506_0708];
        let written = vm_write_slice(&mut ActiveSpace, std::ptr::without_provenance_mut(addr), &words);
        assert_eq!(written.is_err(), bad);
        pages.expect(addr, &bytemuck::bytes_of(&words)[..if bad { 11 } else { 24 }]);
        pages.check("words");
    }
}

#[test]
fn the_counted_read_is_exact() {
    let pages = Pages::new();
    for (addr, len) in pages.places() {
        let (done, error) = pages.expected(addr, len, Access::Read);
        let mut buf = marked(len);
        match ActiveSpace.read_counted(addr, &mut buf) {
            Ok(bytes) => {
                assert_eq!(error, None, "{addr:#x} + {len}");
                assert_eq!(bytes.len(), len);
            }
            Err(fault) => {
                assert!(error.is_some(), "{addr:#x} + {len}");
                assert_eq!((fault.done, fault.addr), (done, addr.wrapping_add(done)), "{addr:#x} + {len}");
                assert_eq!(fault.access, Access::Read);
            }
        }
        let mut short_buf = marked(len);
        let short = ActiveSpace.read_short(addr, &mut short_buf);
        match (done, len) {
            (0, 1..) => assert_eq!(short.unwrap_err().done, 0),
            (0, 0) => assert!(short.unwrap().is_empty()),
            _ => assert_eq!(short.unwrap(), pages.bytes(addr, done), "{addr:#x} + {len}"),
        }
        assert_eq!(seen(&buf), seen(&short_buf));
        assert!(seen(&buf)[done..].iter().all(|byte| *byte == MARK));
    }
}

#[test]
fn the_counted_write_is_exact() {
    let mut pages = Pages::new();
    for (addr, len) in pages.places() {
        let (done, error) = pages.expected(addr, len, Access::Write);
        let bytes = source(len);
        match ActiveSpace.write_counted(addr, &bytes) {
            Ok(()) => assert_eq!(error, None, "{addr:#x} + {len}"),
            Err(fault) => {
                assert!(error.is_some(), "{addr:#x} + {len}");
                assert_eq!((fault.done, fault.addr), (done, addr.wrapping_add(done)), "{addr:#x} + {len}");
                assert_eq!(fault.access, Access::Write);
            }
        }
        if done > 0 {
            pages.expect(addr, &bytes[..done]);
        }
        pages.check(&format!("writing {addr:#x} + {len}"));
        let other: Vec<_> = bytes.iter().map(|byte| !byte).collect();
        match ActiveSpace.write_short(addr, &other) {
            Ok(count) => assert_eq!(count, done, "{addr:#x} + {len}"),
            Err(fault) => assert_eq!((fault.done, done, len > 0), (0, 0, true)),
        }
        if done > 0 {
            pages.expect(addr, &other[..done]);
        }
        pages.check(&format!("writing again {addr:#x} + {len}"));
    }
}

#[test]
fn the_fault_keeps_what_the_error_loses() {
    let pages = Pages::new();
    let mut buf = marked(100);
    for (addr, kind) in [
        (pages.page(3) - 1, FaultKind::NotPresent),
        (pages.page(5) - 1, FaultKind::Permission),
        (usize::MAX - 3, FaultKind::OutOfRange),
    ] {
        assert_eq!(ActiveSpace.read_counted(addr, &mut buf).unwrap_err().kind, kind);
        assert!(ActiveSpace.read(addr, &mut buf).is_err());
    }
}
