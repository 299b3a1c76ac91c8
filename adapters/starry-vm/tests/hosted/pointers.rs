// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values behind pointers: each method of `VmPtr` and `VmMutPtr`, at every border.

use std::{
    mem::size_of,
    ptr::{NonNull, without_provenance, without_provenance_mut},
};

use crate::pages::Pages;
use axptr::Access;
use axptr_starry_vm::ActiveSpace;
use bytemuck::{Pod, Zeroable, bytes_of};
use starry_vm::{VmMutPtr, VmPtr};

/// A value as a system call has it, of no simple size.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Record {
    id: u32,
    name: [u8; 12],
    size: u32,
}

/// A value that is larger than a page.
type Large = [u8; 5000];

fn reads<T: Pod + PartialEq + std::fmt::Debug>() {
    let pages = Pages::new();
    for (addr, _) in pages.places() {
        let ptr = without_provenance::<T>(addr);
        let (_, error) = pages.expected(addr, size_of::<T>(), Access::Read);
        // SAFETY: any bytes are a `T`.
        let any = unsafe { ptr.vm_read_any(&mut ActiveSpace) };
        let uninit = ptr.vm_read_uninit(&mut ActiveSpace);
        let all = [
            ptr.vm_read(&mut ActiveSpace),
            ptr.cast_mut().vm_read(&mut ActiveSpace),
            any,
            // SAFETY: it was read, and any bytes are a `T`.
            uninit.map(|value| unsafe { value.assume_init() }),
        ];
        let nonnull = NonNull::new(ptr.cast_mut()).map(|ptr| ptr.vm_read(&mut ActiveSpace));
        assert_eq!(nonnull.is_none(), addr == 0);
        for result in all.into_iter().chain(nonnull) {
            match (result, error) {
                (Ok(value), None) => assert_eq!(bytes_of(&value), pages.bytes(addr, size_of::<T>())),
                (result, error) => assert_eq!(result.err(), error, "{addr:#x}"),
            }
        }
    }
}

fn writes<T: Pod>(value: T) {
    let mut pages = Pages::new();
    let len = size_of::<T>();
    for (index, (addr, _)) in pages.places().into_iter().enumerate() {
        let (done, error) = pages.expected(addr, len, Access::Write);
        let ptr = without_provenance_mut::<T>(addr);
        let result = match NonNull::new(ptr) {
            Some(ptr) if index % 2 == 0 => ptr.vm_write(&mut ActiveSpace, value),
            _ => ptr.vm_write(&mut ActiveSpace, value),
        };
        assert_eq!(result.err(), error, "{addr:#x}");
        if done > 0 {
            pages.expect(addr, &bytes_of(&value)[..done]);
        }
        pages.check(&format!("writing {addr:#x} + {len}"));
    }
}

const RECORD: Record = Record { id: 0x8182_8384, name: *b"a dozen byte", size: 0x9192_9394 };

#[test]
fn values_are_read_or_refused() {
    reads::<u8>();
    reads::<u16>();
    reads::<u32>();
    reads::<u64>();
    reads::<[u8; 3]>();
    reads::<Record>();
    reads::<Large>();
}

#[test]
fn values_are_written_or_refused() {
    writes(0x81_u8);
    writes(0x8182_u16);
    writes(0x8182_8384_u32);
    writes(0x8182_8384_8586_8788_u64);
    writes([0x81_u8, 0x82, 0x83]);
    writes(RECORD);
    writes::<Large>([0x99; 5000]);
}

#[test]
fn null_is_told_from_an_address() {
    assert!(without_provenance::<u32>(0).nullable().is_none());
    assert!(without_provenance_mut::<u32>(0).nullable().is_none());
    assert!(without_provenance::<u32>(8).nullable().is_some());
    assert!(NonNull::<u32>::dangling().nullable().is_some());
}
