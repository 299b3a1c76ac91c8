// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single values behind one interface: each size, each context, alone and in a batch. Each of these is one
//! place at which the compiler puts an access, so that a sweep over all can make every such access fault.

use axptr::{Fault, UserConstPtr, UserPtr, scope};

/// Reads and writes values of one size in one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    pub(crate) nofault: bool,
    /// The value's bytes are the lowest of the result, the others are 0.
    pub(crate) read: fn(usize) -> Result<u64, Fault>,
    pub(crate) write: fn(usize, u64) -> Result<(), Fault>,
}

macro_rules! forms {
    ($($value:ident)+) => {
        &[$(
            Form {
                name: concat!(stringify!($value)),
                size: size_of::<$value>(),
                nofault: false,
                read: |addr| UserConstPtr::<$value>::from(addr).read().map(u64::from),
                write: |addr, bits| UserPtr::<$value>::from(addr).write(bits as $value),
            },
            Form {
                name: concat!(stringify!($value), " without the pager"),
                size: size_of::<$value>(),
                nofault: true,
                read: |addr| UserConstPtr::<$value>::from(addr).nofault().read().map(u64::from),
                write: |addr, bits| UserPtr::<$value>::from(addr).nofault().write(bits as $value),
            },
            Form {
                name: concat!(stringify!($value), " in a batch"),
                size: size_of::<$value>(),
                nofault: false,
                read: |addr| scope::run(UserConstPtr::<$value>::from(addr).reading()).map(u64::from),
                write: |addr, bits| scope::run(UserPtr::<$value>::from(addr).writing(bits as $value)),
            },
            Form {
                name: concat!(stringify!($value), " in a batch without the pager"),
                size: size_of::<$value>(),
                nofault: true,
                read: |addr| {
                    scope::run(UserConstPtr::<$value>::from(addr).nofault().reading()).map(u64::from)
                },
                write: |addr, bits| {
                    scope::run(UserPtr::<$value>::from(addr).nofault().writing(bits as $value))
                },
            },
        )+]
    };
}

/// All of them.
pub(crate) const FORMS: &[Form] = forms!(u8 u16 u32 u64);
