// SPDX-License-Identifier: MIT OR Apache-2.0
//! What starry-vm returns in a `Vec`: arrays of a known length, and those that end with a zero.

use std::{mem::size_of, ptr::without_provenance};

use crate::pages::{PAGE, Pages};
use axptr::Access;
use axptr_starry_vm::ActiveSpace;
use bytemuck::{Pod, bytes_of, cast_slice};
use starry_vm::{VmError, vm_load, vm_load_any, vm_load_until_nul};

/// The most bytes in front of the zero, and it.
const MOST: usize = 131_072;

#[test]
fn an_array_is_loaded_or_refused() {
    let pages = Pages::new();
    for (addr, len) in pages.places() {
        let (_, error) = pages.expected(addr, len, Access::Read);
        let loaded = vm_load(&mut ActiveSpace, without_provenance::<u8>(addr), len);
        // SAFETY: any bytes are a `u8`.
        let any = unsafe { vm_load_any(&mut ActiveSpace, without_provenance::<u8>(addr), len) };
        assert_eq!(loaded, any);
        match (loaded, error) {
            (Ok(bytes), None) if len > 0 => assert_eq!(bytes, pages.bytes(addr, len)),
            (Ok(bytes), None) => assert!(bytes.is_empty()),
            (result, error) => assert_eq!(result.err(), error, "{addr:#x} + {len}"),
        }
        // As many as there is room for, of another size.
        let words = len / 4;
        let (_, error) = pages.expected(addr, words * 4, Access::Read);
        match (vm_load(&mut ActiveSpace, without_provenance::<u32>(addr), words), error) {
            (Ok(loaded), None) if words > 0 => {
                assert_eq!(cast_slice::<u32, u8>(&loaded), pages.bytes(addr, words * 4));
            }
            (Ok(loaded), None) => assert!(loaded.is_empty()),
            (result, error) => assert_eq!(result.err(), error, "{addr:#x} + {words} words"),
        }
    }
}

/// Puts `count` elements and a zero so that the zero is the last element in front of a border; then one more.
fn until_zero<T: Pod + PartialEq + std::fmt::Debug>(element: impl Fn(usize) -> T) {
    let size = size_of::<T>();
    // In front of what is not mapped, of what has no rights, and of a good page.
    for border in [3, 5, 2] {
        for count in
            [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 100].into_iter().filter(|n| (n + 1) * size <= PAGE)
        {
            let mut pages = Pages::new();
            let border = pages.page(border);
            let elements: Vec<T> = (0..count).map(&element).collect();
            let start = border - (count + 1) * size;
            pages.put(start, cast_slice(&elements));
            pages.put(border - size, bytes_of(&T::zeroed()));
            let loaded = vm_load_until_nul(&mut ActiveSpace, without_provenance::<T>(start));
            assert_eq!(loaded.as_deref(), Ok(&elements[..]), "{count} of {size} bytes");
            // Without the zero: what is behind the border decides.
            pages.put(border - size, bytes_of(&element(count)));
            let (_, error) = pages.expected(border, 1, Access::Read);
            let loaded = vm_load_until_nul(&mut ActiveSpace, without_provenance::<T>(start));
            if border == pages.page(2) {
                // The next page has no zero either, and then comes one that is not mapped.
                assert_eq!(loaded, Err(VmError::BadAddress));
            } else {
                assert_eq!(loaded.err(), error, "{count} of {size} bytes");
            }
        }
    }
}

#[test]
fn an_array_ends_with_its_zero_even_at_the_end_of_a_page() {
    until_zero(|index| (index % 255) as u8 + 1);
    until_zero(|index| index as u16 + 1);
    until_zero(|index| index as u32 + 1);
    // One half of each is zero: the element is not.
    until_zero(|index| (index as u64 + 1) << 32);
    until_zero(|index| [0, 0, 0, index as u64 + 1]);
    until_zero(|index| [index as u64 + 1, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn an_array_that_begins_at_a_bad_place_is_refused() {
    let pages = Pages::new();
    for (addr, _) in pages.places() {
        let (done, error) = pages.expected(addr, 1, Access::Read);
        if done == 0 {
            let loaded = vm_load_until_nul(&mut ActiveSpace, without_provenance::<u8>(addr));
            assert_eq!(loaded.err(), error, "{addr:#x}");
        }
    }
    let unaligned = without_provenance::<u64>(pages.page(1) + 4);
    assert_eq!(vm_load_until_nul(&mut ActiveSpace, unaligned), Err(VmError::BadAddress));
}

#[test]
fn an_array_without_end_is_too_long() {
    let mut bytes = vec![b'x'; MOST + 1];
    // Any memory of the process is user memory here.
    let load = |bytes: &[u8]| vm_load_until_nul(&mut ActiveSpace, bytes.as_ptr());
    let _pages = Pages::new();
    assert_eq!(load(&bytes), Err(VmError::TooLong));
    bytes[MOST] = 0;
    assert_eq!(load(&bytes), Err(VmError::TooLong));
    bytes[MOST - 1] = 0;
    assert_eq!(load(&bytes).map(|loaded| loaded.len()), Ok(MOST - 1));
}

/// starry-vm reads on to the next 32 bytes in whole elements: those of 12 bytes may end behind a border, though the
/// zero is in front of it. The adapter cannot know.
#[test]
fn elements_that_do_not_divide_its_chunk_may_fail_behind_their_zero() {
    let mut pages = Pages::new();
    let border = pages.page(3);
    // 32 bytes in front of the border: two elements, and a third across it.
    pages.put(border - 32, bytes_of(&[[1_u32, 2, 3], [0; 3]]));
    let loaded = vm_load_until_nul(&mut ActiveSpace, without_provenance::<[u32; 3]>(border - 32));
    assert_eq!(loaded, Err(VmError::BadAddress));
}
