// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on an address and a number of bytes.

use std::{mem::MaybeUninit, num::NonZeroUsize, ops::ControlFlow, ptr::NonNull, slice};

use axptr::{
    Access::{Read, Write},
    Fault, FaultKind, UserConstPtr, UserPtr, bulk, fault_in, nofault, probe, raw, region, structs,
    unpredictable,
};

use crate::operation::{
    Answer, Call, Content,
    Done::NothingIfRefused,
    Effect::{Fill, FromKernel, FromKernelThenZero, FromOther, None, ToKernel, ToKernelZeroing, ToOther},
    Honesty::{Fails, Lies, Refuses},
    Operation, Refusal, ToAnswer, reads, writes,
};

const BYTE: u8 = 0xa5;

/// What this kernel knows of a struct; user space may know less or more.
type Known = [u64; 3];
const KNOWN: usize = size_of::<Known>();

pub(super) const ROWS: &[Operation] = &[
    reads("copy::copy_from_user", ToKernel, |c| axptr::copy_from_user(c.kernel, c.addr).answer()),
    reads("copy::copy_from_user_zeroing", ToKernelZeroing, |c| {
        axptr::copy_from_user_zeroing(c.kernel, c.addr).answer()
    }),
    reads("copy::copy_from_user_uninit", ToKernel, |c| {
        let room = NonNull::from(&mut *c.kernel).cast::<MaybeUninit<u8>>();
        // SAFETY: the same bytes, borrowed until the call ends; it leaves none uninitialised.
        let room = unsafe { slice::from_raw_parts_mut(room.as_ptr(), c.len) };
        axptr::copy_from_user_uninit(room, c.addr).answer()
    }),
    reads("nofault::copy_from_user", ToKernel, |c| nofault::copy_from_user(c.kernel, c.addr).answer()),
    reads("unpredictable::copy_from_user", ToKernel, |c| {
        unpredictable::copy_from_user(c.kernel, c.addr).answer()
    }),
    writes("copy::copy_to_user", FromKernel, |c| axptr::copy_to_user(c.addr, c.kernel).answer()),
    writes("nofault::copy_to_user", FromKernel, |c| nofault::copy_to_user(c.addr, c.kernel).answer()),
    writes("unpredictable::copy_to_user", FromKernel, |c| {
        unpredictable::copy_to_user(c.addr, c.kernel).answer()
    }),
    writes("copy::fill_user", Fill(BYTE), |c| axptr::fill_user(c.addr, BYTE, c.len).answer()),
    writes("nofault::fill_user", Fill(BYTE), |c| nofault::fill_user(c.addr, BYTE, c.len).answer()),
    reads("copy::copy_in_user", ToOther, |c| axptr::copy_in_user(c.other, c.addr, c.len).answer()),
    writes("copy::copy_in_user", FromOther, |c| axptr::copy_in_user(c.addr, c.other, c.len).answer()),
    reads("nofault::copy_in_user", ToOther, |c| nofault::copy_in_user(c.other, c.addr, c.len).answer()),
    writes("nofault::copy_in_user", FromOther, |c| nofault::copy_in_user(c.addr, c.other, c.len).answer()),
    reads("overlap::move_in_user", ToOther, |c| axptr::move_in_user(c.other, c.addr, c.len).answer()),
    writes("overlap::move_in_user", FromOther, |c| axptr::move_in_user(c.addr, c.other, c.len).answer()),
    reads("nofault::move_in_user", ToOther, |c| nofault::move_in_user(c.other, c.addr, c.len).answer()),
    writes("nofault::move_in_user", FromOther, |c| nofault::move_in_user(c.addr, c.other, c.len).answer()),
    // Region mode.
    reads("region::copy_from_user", ToKernel, |c| {
        region::copy_from_user(&mut c.space(Refuses), c.kernel, c.addr).answer()
    })
    .form("where an area refuses")
    .done(NothingIfRefused)
    .kind(FaultKind::Permission),
    reads("region::copy_from_user", ToKernel, |c| {
        region::copy_from_user(&mut c.space(Fails), c.kernel, c.addr).answer()
    })
    .form("where a page cannot be made present")
    .kind(FaultKind::NotPresent),
    reads("region::copy_from_user", ToKernel, |c| {
        region::copy_from_user(&mut c.space(Lies), c.kernel, c.addr).answer()
    })
    .form("where a page has gone since"),
    writes("region::copy_to_user", FromKernel, |c| {
        region::copy_to_user(&mut c.space(Refuses), c.addr, c.kernel).answer()
    })
    .form("where an area refuses")
    .done(NothingIfRefused)
    .kind(FaultKind::Permission),
    writes("region::copy_to_user", FromKernel, |c| {
        region::copy_to_user(&mut c.space(Fails), c.addr, c.kernel).answer()
    })
    .form("where a page cannot be made present")
    .kind(FaultKind::NotPresent),
    writes("region::copy_to_user", FromKernel, |c| {
        region::copy_to_user(&mut c.space(Lies), c.addr, c.kernel).answer()
    })
    .form("where a page has gone since"),
    writes("region::fill_user", Fill(BYTE), |c| {
        region::fill_user(&mut c.space(Refuses), c.addr, BYTE, c.len).answer()
    })
    .form("where an area refuses")
    .done(NothingIfRefused)
    .kind(FaultKind::Permission),
    writes("region::fill_user", Fill(BYTE), |c| {
        region::fill_user(&mut c.space(Fails), c.addr, BYTE, c.len).answer()
    })
    .form("where a page cannot be made present")
    .kind(FaultKind::NotPresent),
    writes("region::fill_user", Fill(BYTE), |c| {
        region::fill_user(&mut c.space(Lies), c.addr, BYTE, c.len).answer()
    })
    .form("where a page has gone since"),
    // Chunks.
    reads("bulk::copy_from_user_chunked", ToKernel, |c| {
        bulk::copy_from_user_chunked(c.kernel, c.addr, CHUNK, go_on).answer()
    }),
    writes("bulk::copy_to_user_chunked", FromKernel, |c| {
        bulk::copy_to_user_chunked(c.addr, c.kernel, CHUNK, go_on).answer()
    }),
    // Comparisons: "the first `fault.done` bytes are equal then".
    reads("compare::compare_user", None, |c| axptr::compare_user(c.addr, c.kernel).answer())
        .content(Content::AsInKernel),
    reads("structs::is_zeroed", None, |c| {
        let range = c.range();
        (c.made)();
        structs::is_zeroed(range).answer()
    })
    .content(Content::ZeroFrom(0))
    .made_before()
    .refusal(Refusal::Partly),
    // Structs: `done` counts from the start, in the part that the kernel does not know too.
    reads("structs::read_struct", None, |c| {
        structs::read_struct(UserConstPtr::<Known>::from(c.addr), c.len).answer()
    })
    .content(Content::ZeroFrom(KNOWN)),
    reads("UserConstPtr::read_struct", None, |c| {
        UserConstPtr::<Known>::from(c.addr).nofault().read_struct(c.len).answer()
    })
    .content(Content::ZeroFrom(KNOWN)),
    writes("structs::write_struct", FromKernelThenZero(KNOWN), |c| {
        structs::write_struct(UserPtr::from(c.addr), c.len, &known(c.kernel)).answer()
    }),
    writes("UserPtr::write_struct", FromKernelThenZero(KNOWN), |c| {
        UserPtr::from(c.addr).nofault().write_struct(c.len, &known(c.kernel)).answer()
    }),
    // Pages ahead of accesses: "the `fault.done` bytes before it are present".
    reads("fault_in::make_present", None, |c| make_present(c, Read)).made_before().refusal(Refusal::Partly),
    writes("fault_in::make_present", None, |c| make_present(c, Write)).made_before().refusal(Refusal::Partly),
    writes("fault_in::in_windows", Fill(BYTE), |c| {
        let range = c.range();
        (c.made)();
        fault_in::in_windows(range, Write, |part, _| nofault::fill_user(part.start(), BYTE, part.len()))
            .answer()
    })
    .made_before()
    .refusal(Refusal::Partly),
    // Kernel addresses: the first byte that is not readable, wherever it is.
    reads("probe::read_bytes", ToKernel, |c| {
        // SAFETY: (1) no device is here.
        unsafe { probe::read_bytes(c.kernel, c.addr) }.answer()
    })
    .refusal(Refusal::Unchecked),
    // The routines as they are.
    reads("raw::copy_from_user", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_from_user(c.kernel.as_mut_ptr(), c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .refusal(Refusal::Unchecked),
    reads("raw::nofault::copy_from_user", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::copy_from_user(c.kernel.as_mut_ptr(), c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .refusal(Refusal::Unchecked),
    reads("raw::unpredictable::copy_from_user", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::unpredictable::copy_from_user(c.kernel.as_mut_ptr(), c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::copy_to_user", FromKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_to_user(c.addr, c.kernel.as_ptr(), c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::nofault::copy_to_user", FromKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::copy_to_user(c.addr, c.kernel.as_ptr(), c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::unpredictable::copy_to_user", FromKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::unpredictable::copy_to_user(c.addr, c.kernel.as_ptr(), c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    reads("raw::copy_in_user", ToOther, |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_in_user(c.other, c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::copy_in_user", FromOther, |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_in_user(c.addr, c.other, c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    reads("raw::nofault::copy_in_user", ToOther, |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::copy_in_user(c.other, c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::nofault::copy_in_user", FromOther, |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::copy_in_user(c.addr, c.other, c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::fill_user", Fill(BYTE), |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::fill_user(c.addr, BYTE, c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    writes("raw::nofault::fill_user", Fill(BYTE), |c| {
        // SAFETY: (1) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::fill_user(c.addr, BYTE, c.len) };
        bare(c, outcome, c.addr, Write)
    })
    .refusal(Refusal::Unchecked),
    reads("raw::copy_string", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::copy_string(c.kernel.as_mut_ptr(), c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .content(Content::Terminated(1))
    .refusal(Refusal::Unchecked),
    reads("raw::nofault::copy_string", ToKernel, |c| {
        // SAFETY: (1) the slice; (2) the test's pages, or nothing.
        let outcome = unsafe { raw::nofault::copy_string(c.kernel.as_mut_ptr(), c.addr, c.len) };
        bare(c, outcome, c.addr, Read)
    })
    .content(Content::Terminated(1))
    .refusal(Refusal::Unchecked),
];

const CHUNK: NonZeroUsize = NonZeroUsize::new(5).unwrap();

const fn go_on(_done: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The struct that begins with the kernel's bytes.
fn known(kernel: &[u8]) -> Known {
    let mut known = Known::default();
    let len = kernel.len().min(KNOWN);
    bytemuck::bytes_of_mut(&mut known)[..len].copy_from_slice(&kernel[..len]);
    known
}

fn make_present(c: &Call<'_>, access: axptr::Access) -> Answer {
    let range = c.range();
    (c.made)();
    fault_in::make_present(range, access).answer()
}

/// What code above the routines makes of their answer.
fn bare(c: &Call<'_>, outcome: raw::Outcome, start: usize, side: axptr::Access) -> Answer {
    if outcome.left() == 0 {
        return Answer::Success;
    }
    assert!(outcome.left() <= c.len);
    let access = outcome.access().unwrap_or(side);
    Answer::Fault(Fault::new(start, c.len - outcome.left(), access, outcome.kind()))
}
