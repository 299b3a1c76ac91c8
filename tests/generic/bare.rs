// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines by each kind of place, and values by raw pointer.

use std::{
    ffi::c_void,
    ptr::{self, NonNull},
};

use axptr::raw::{self, Destination, Outcome, Source};

use crate::{
    bed::{Bed, same},
    plain::Plain,
};

/// Calls the routines with each type that says where user memory is.
pub(crate) fn places(bed: &mut Bed) {
    fn pointer(addr: usize) -> *mut u8 {
        ptr::with_exposed_provenance_mut(addr)
    }
    from(bed, |addr| addr);
    from(bed, |addr| pointer(addr).cast_const());
    from(bed, pointer);
    from(bed, |addr| NonNull::new(pointer(addr)).unwrap());
    from(bed, |addr| pointer(addr).cast::<c_void>());
    from(bed, |addr| pointer(addr).cast::<c_void>().cast_const());
    to(bed, |addr| addr);
    to(bed, pointer);
    to(bed, |addr| NonNull::new(pointer(addr)).unwrap());
    to(bed, |addr| pointer(addr).cast::<c_void>());
}

fn done(outcome: Outcome) {
    assert_eq!(outcome.left(), 0);
}

fn from<S: Source>(bed: &mut Bed, of: fn(usize) -> S) {
    bed.calls(&["raw::copy_from_user", "raw::nofault::copy_from_user", "raw::unpredictable::copy_from_user"]);
    bed.calls(&["raw::copy_string", "raw::nofault::copy_string"]);
    bed.calls(&["raw::copy_in_user", "raw::nofault::copy_in_user"]);
    bed.calls(&["raw::move_in_user", "raw::nofault::move_in_user"]);
    for at in Bed::places(300) {
        let there = bed.fresh(300);
        bed.put(at, &there);
        let (src, dst) = (of(bed.addr(at)), bed.addr(2000));
        let mut buf = [0; 300];
        let kernel = buf.as_mut_ptr();
        type Copy<S> = unsafe fn(*mut u8, S, usize) -> Outcome;
        let copies: [Copy<S>; 5] = [
            raw::copy_from_user,
            raw::nofault::copy_from_user,
            raw::unpredictable::copy_from_user,
            raw::copy_string,
            raw::nofault::copy_string,
        ];
        for copy in copies {
            // SAFETY: (1) the array; (2) the bed's.
            done(unsafe { copy(kernel, src, 300) });
            same(&buf, &there);
            buf.fill(0);
        }
        // SAFETY: (1) both are the bed's.
        done(unsafe { raw::copy_in_user(dst, src, 300) });
        bed.written(2000, &there);
        bed.put(2000, &[1; 300]);
        // SAFETY: as above.
        done(unsafe { raw::nofault::copy_in_user(dst, src, 300) });
        bed.written(2000, &there);
        bed.put(2000, &[1; 300]);
        // SAFETY: as above.
        done(unsafe { raw::move_in_user(dst, src, 300) });
        bed.written(2000, &there);
        bed.put(2000, &[1; 300]);
        // SAFETY: as above.
        done(unsafe { raw::nofault::move_in_user(dst, src, 300) });
        bed.written(2000, &there);
    }
}

fn to<D: Destination>(bed: &mut Bed, of: fn(usize) -> D) {
    bed.calls(&["raw::copy_to_user", "raw::nofault::copy_to_user", "raw::unpredictable::copy_to_user"]);
    bed.calls(&["raw::fill_user", "raw::nofault::fill_user"]);
    for at in Bed::places(300) {
        let dst = of(bed.addr(at));
        type Copy<D> = unsafe fn(D, *const u8, usize) -> Outcome;
        let copies: [Copy<D>; 3] =
            [raw::copy_to_user, raw::nofault::copy_to_user, raw::unpredictable::copy_to_user];
        for copy in copies {
            let new = bed.fresh(300);
            // SAFETY: (1) the vector; (2) the bed's.
            done(unsafe { copy(dst, new.as_ptr(), 300) });
            bed.written(at, &new);
        }
        // SAFETY: (1) the bed's.
        done(unsafe { raw::fill_user(dst, 3, 300) });
        bed.written(at, &[3; 300]);
        // SAFETY: as above.
        done(unsafe { raw::nofault::fill_user(dst, 4, 299) });
        bed.written(at, &[4; 299]);
        // SAFETY: as above.
        done(unsafe { raw::copy_in_user(dst, bed.addr(at + 299), 1) });
        bed.written(at, &[3]);
        // SAFETY: as above.
        done(unsafe { raw::move_in_user(dst, bed.addr(at + 1), 299) });
        bed.written(at, &[&[4; 298][..], &[3, 3]].concat());
    }
}

/// Loads and stores a value where it is good, and over the edge.
#[inline(never)]
pub(crate) fn values<T: Plain>(bed: &mut Bed) {
    bed.calls(&["raw::load", "raw::nofault::load", "raw::store", "raw::nofault::store"]);
    let size = size_of::<T>();
    let value = |bytes: &[u8]| bytemuck::pod_read_unaligned::<T>(bytes);
    for at in Bed::places(size) {
        let place = ptr::with_exposed_provenance_mut::<T>(bed.addr(at));
        let there = bed.fresh(size);
        bed.put(at, &there);
        // SAFETY: (1) the bed's; (2) a `T` is bytes.
        same(bytemuck::bytes_of(&unsafe { raw::load(place) }.unwrap()), &there);
        // SAFETY: as above.
        same(bytemuck::bytes_of(&unsafe { raw::nofault::load(place) }.unwrap()), &there);
        let new = bed.fresh(size);
        // SAFETY: as above.
        unsafe { raw::store(place, value(&new)) }.unwrap();
        bed.written(at, &new);
        let new = bed.fresh(size);
        // SAFETY: as above.
        unsafe { raw::nofault::store(place, value(&new)) }.unwrap();
        bed.written(at, &new);
    }
    for done in [0, size / 2, size.saturating_sub(1)] {
        if size == 0 {
            break;
        }
        let at = bed.edge() - done;
        let place = ptr::with_exposed_provenance_mut::<T>(bed.addr(at));
        // SAFETY: as above.
        let read = unsafe { raw::load(place) };
        assert_eq!(read.map(drop).map_err(|it| size - it.left()), Err(done), "{size} bytes");
        // SAFETY: as above.
        let read = unsafe { raw::nofault::load(place) };
        assert_eq!(read.map(drop).map_err(|it| size - it.left()), Err(done), "{size} bytes");
        let new = bed.fresh(size);
        // SAFETY: as above.
        let written = unsafe { raw::store(place, value(&new)) };
        assert_eq!(written.map_err(|it| size - it.left()), Err(done), "{size} bytes");
        bed.written(at, &new[..done]);
        let new = bed.fresh(size);
        // SAFETY: as above.
        let written = unsafe { raw::nofault::store(place, value(&new)) };
        assert_eq!(written.map_err(|it| size - it.left()), Err(done), "{size} bytes");
        bed.written(at, &new[..done]);
    }
}
