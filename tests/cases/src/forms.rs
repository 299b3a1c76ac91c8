// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values behind one interface: each size, each context, alone and in a batch. Each of these is one place at which the
//! compiler puts accesses, so that a sweep over all can make every such access fault.

use core::ptr;

use axptr::{
    Access, AnyBitPattern, Fault, NoUninit, UserConstPtr, UserPtr,
    raw::{self, Outcome},
    scope,
};

/// Reads and writes values of one size in one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    pub(crate) nofault: bool,
    /// Reads the value's bytes.
    pub(crate) read: fn(usize, &mut [u8]) -> Result<(), Fault>,
    /// Writes the value of these bytes.
    pub(crate) write: fn(usize, &[u8]) -> Result<(), Fault>,
}

/// The largest of them.
pub(crate) const MOST: usize = 64;

macro_rules! forms {
    (single $($value:ty)+; fixed $($array:ty)+) => {
        &[$(
            forms!(@form "", $value, false, |ptr| ptr.read(), |ptr, value| ptr.write(value)),
            forms!(@form " without the pager", $value, true, |ptr| ptr.nofault().read(), |ptr, value| {
                ptr.nofault().write(value)
            }),
            forms!(@form " in a batch", $value, false, |ptr| scope::run(ptr.reading()), |ptr, value| {
                scope::run(ptr.writing(value))
            }),
            forms!(@form " in a batch without the pager", $value, true, |ptr| {
                scope::run(ptr.nofault().reading())
            }, |ptr, value| scope::run(ptr.nofault().writing(value))),
            forms!(@form " by raw pointer", $value, false, |ptr| load(ptr.addr(), |from| {
                // SAFETY: (1) user memory of the sweep's; (2) an integer.
                unsafe { raw::load::<$value>(from) }
            }), |ptr, value| store(ptr.addr(), |to| {
                // SAFETY: as above.
                unsafe { raw::store(to, value) }
            })),
            forms!(@form " by raw pointer without the pager", $value, true, |ptr| load(ptr.addr(), |from| {
                // SAFETY: as above.
                unsafe { raw::nofault::load::<$value>(from) }
            }), |ptr, value| store(ptr.addr(), |to| {
                // SAFETY: as above.
                unsafe { raw::nofault::store(to, value) }
            })),
        )+ $(
            forms!(@form "", $array, false, |ptr| ptr.read(), |ptr, value| ptr.write(value)),
            forms!(@form " without the pager", $array, true, |ptr| ptr.nofault().read(), |ptr, value| {
                ptr.nofault().write(value)
            }),
            forms!(@form " in place", $array, false, |ptr| in_place(|value| ptr.read_into(value)), |ptr, value| {
                ptr.write_slice(&[value])
            }),
            forms!(@form " in place without the pager", $array, true, |ptr| {
                in_place(|value| ptr.nofault().read_into(value))
            }, |ptr, value| ptr.nofault().write_slice(&[value])),
        )+]
    };
    (@form $how:literal, $value:ty, $nofault:literal, |$from:ident| $read:expr, |$to:ident, $it:ident| $write:expr) => {
        Form {
            name: concat!(stringify!($value), $how),
            size: size_of::<$value>(),
            nofault: $nofault,
            read: |addr, bytes| {
                let $from = UserConstPtr::<$value>::from(addr);
                let value: $value = $read?;
                bytes.copy_from_slice(bytemuck::bytes_of(&value));
                Ok(())
            },
            write: |addr, bytes| {
                let ($to, $it) = (UserPtr::<$value>::from(addr), bytemuck::pod_read_unaligned::<$value>(bytes));
                $write
            },
        }
    };
}

/// What a load by raw pointer answers, as code above it reports it.
fn load<T>(addr: usize, load: impl FnOnce(*const T) -> Result<T, Outcome>) -> Result<T, Fault> {
    load(ptr::with_exposed_provenance(addr)).map_err(|outcome| fault::<T>(addr, outcome, Access::Read))
}

/// The same of a store.
fn store<T>(addr: usize, store: impl FnOnce(*mut T) -> Result<(), Outcome>) -> Result<(), Fault> {
    store(ptr::with_exposed_provenance_mut(addr)).map_err(|outcome| fault::<T>(addr, outcome, Access::Write))
}

fn fault<T>(addr: usize, outcome: Outcome, access: Access) -> Fault {
    Fault::new(addr, size_of::<T>().saturating_sub(outcome.left()), access, outcome.kind())
}

/// What is read to where something else is.
///
/// # Panics
///
/// Panics if a fault changes a byte behind those that it says are done. (What the others become: `tests/values.rs`.)
fn in_place<T: AnyBitPattern + NoUninit>(read: impl FnOnce(&mut T) -> Result<(), Fault>) -> Result<T, Fault> {
    const OLD: u8 = 0xee;
    let mut value: T = bytemuck::pod_read_unaligned(&[OLD; MOST][..size_of::<T>()]);
    let result = read(&mut value);
    if let Err(fault) = result {
        expect_old_behind(fault, bytemuck::bytes_of(&value), OLD);
    }
    result.map(|()| value)
}

/// Out of line: the audit follows the window through the function that reads.
#[inline(never)]
fn expect_old_behind(fault: Fault, bytes: &[u8], old: u8) {
    let changed = bytes.iter().rposition(|&byte| byte != old);
    assert!(changed.is_none_or(|last| last < fault.done), "byte {changed:?} has changed behind {fault:x?}");
}

/// All of them: between them each sum of parts that a size is made of.
pub(crate) const FORMS: &[Form] = forms! {
    single u8 u16 u32 u64;
    fixed [u8; 3] [u8; 5] [u8; 6] [u8; 7] [u8; 12] [u8; 15] [u8; 16] [u64; 2] [u64; 3] [u8; 24] [u8; 31] [u64; 4]
        [u64; 5] [u64; 6] [u64; 7] [u16; 31] [u64; 8] [u8; 64]
};
