// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is done to pages that come and go: one function each, so that the loop around them stays small.

use axptr::{
    Access, Fault, FaultKind, NoFault, UserConstPtr, UserPtr,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    cstr::{StringError, UserCStr},
    nofault,
    raw::{self, Outcome},
    region, scope,
};

use crate::{fault, space::Locked};

/// An operation on user memory, and what the bytes in the kernel are to it.
pub struct Op {
    pub name: &'static str,
    pub does: Does,
    /// The size of the value that it is done to; `None` where any number of bytes will do.
    pub size: Option<usize>,
    /// Whether all bytes are refused, for the reason of `check_region_access`, if some are missing.
    pub in_regions: bool,
    /// Says how many bytes were done.
    pub run: fn(On<'_>) -> Result<usize, Stop>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Reads, and what it has read in front of a fault is to be seen.
    Read,
    /// Reads all or nothing.
    ReadWhole,
    /// Reads up to a zero byte.
    ReadString,
    /// Writes.
    Write,
    /// Writes the same byte everywhere.
    Fill,
    /// Writes all or nothing, and what was there before is what the kernel gets. Aligned.
    Exchange,
}

impl Does {
    pub fn access(self) -> Access {
        match self {
            Self::Read | Self::ReadWhole | Self::ReadString => Access::Read,
            Self::Write | Self::Fill | Self::Exchange => Access::Write,
        }
    }
}

/// What an operation is done to.
pub struct On<'a> {
    pub user: usize,
    /// As much user memory, which stays.
    pub partner: usize,
    pub kernel: &'a mut [u8],
    /// What the user memory holds where it is present.
    pub held: &'a [u8],
}

/// What stopped an operation.
#[derive(Debug)]
pub struct Stop {
    pub done: usize,
    pub addr: usize,
    pub access: Access,
    pub kind: FaultKind,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self { done: fault.done, addr: fault.addr, access: fault.access, kind: fault.kind }
    }
}

const fn op(name: &'static str, does: Does, run: fn(On<'_>) -> Result<usize, Stop>) -> Op {
    Op { name, does, size: None, in_regions: false, run }
}

const fn region(name: &'static str, does: Does, run: fn(On<'_>) -> Result<usize, Stop>) -> Op {
    Op { in_regions: true, ..op(name, does, run) }
}

const fn value<T>(name: &'static str, does: Does, run: fn(On<'_>) -> Result<usize, Stop>) -> Op {
    Op { size: Some(size_of::<T>()), ..op(name, does, run) }
}

/// All of them. Those of region mode may refuse all; those without fault have no pager.
pub const OPS: &[Op] = &[
    op("copy_from_user", Does::Read, |on| whole(axptr::copy_from_user(on.kernel, on.user), on.kernel)),
    op("copy_to_user", Does::Write, |on| whole(axptr::copy_to_user(on.user, on.kernel), on.kernel)),
    op("fill_user", Does::Fill, |on| {
        let byte = on.kernel.first().copied().unwrap_or_default();
        whole(axptr::fill_user(on.user, byte, on.kernel.len()), on.kernel)
    }),
    op("copy_in_user, source", Does::Read, |on| {
        axptr::copy_to_user(on.partner, on.kernel).expect("it stays");
        let result = axptr::copy_in_user(on.partner, on.user, on.kernel.len());
        axptr::copy_from_user(on.kernel, on.partner).expect("it stays");
        whole(result, on.kernel)
    }),
    op("copy_in_user, destination", Does::Write, |on| {
        axptr::copy_to_user(on.partner, on.kernel).expect("it stays");
        let result = whole(axptr::copy_in_user(on.user, on.partner, on.kernel.len()), on.kernel);
        // Where nobody tells a cause, it is said to be the source that has failed. But that stays.
        result.map_err(|stop| match stop {
            Stop { done, addr, access: Access::Read, kind: FaultKind::Unknown }
                if fault::in_ax_cpu() && addr == on.partner + done =>
            {
                Stop { addr: on.user + done, access: Access::Write, ..stop }
            }
            _ => stop,
        })
    }),
    op("read_slice", Does::Read, |on| {
        whole(UserConstPtr::<u8>::new(on.user).read_slice(on.kernel), on.kernel)
    }),
    op("write_slice", Does::Write, |on| whole(UserPtr::<u8>::new(on.user).write_slice(on.kernel), on.kernel)),
    region("region::copy_from_user", Does::Read, |on| {
        whole(region::copy_from_user(Locked, on.kernel, on.user), on.kernel)
    }),
    region("region::copy_to_user", Does::Write, |on| {
        whole(region::copy_to_user(Locked, on.user, on.kernel), on.kernel)
    }),
    op("raw::nofault::copy_from_user", Does::Read, |on| {
        let len = on.kernel.len();
        // SAFETY: (1) a buffer of ours. (2) User memory.
        let outcome = unsafe { raw::nofault::copy_from_user(on.kernel.as_mut_ptr(), on.user, len) };
        stop(outcome, on.user, len, Access::Read)
    }),
    op("raw::nofault::copy_to_user", Does::Write, |on| {
        let len = on.kernel.len();
        // SAFETY: (1) a buffer of ours. (2) User memory.
        let outcome = unsafe { raw::nofault::copy_to_user(on.user, on.kernel.as_ptr(), len) };
        stop(outcome, on.user, len, Access::Write)
    }),
    op("nofault::copy_from_user", Does::Read, |on| {
        whole(nofault::copy_from_user(on.kernel, on.user), on.kernel)
    }),
    op("string", Does::ReadString, |on| string(UserPtr::<u8>::new(on.user).as_cstr(), on.kernel)),
    op("string without the pager", Does::ReadString, |on| {
        string(UserPtr::<u8>::new(on.user).nofault().as_cstr(), on.kernel)
    }),
    value::<u64>("read", Does::ReadWhole, |on| {
        let value = UserPtr::<u64>::from(on.user).read()?;
        put(on.kernel, &value.to_ne_bytes())
    }),
    value::<u32>("read without the pager", Does::ReadWhole, |on| {
        let value = UserPtr::<u32>::from(on.user).nofault().read()?;
        put(on.kernel, &value.to_ne_bytes())
    }),
    value::<u64>("batch of two reads", Does::ReadWhole, |on| {
        let ptr = UserPtr::<u32>::from(on.user);
        let (low, high) = scope::run((ptr.reading(), ptr.add(1).reading())).map_err(|fault| {
            let before = fault.addr - fault.done - on.user;
            Stop { done: fault.done + before, ..fault.into() }
        })?;
        put(&mut on.kernel[..4], &low.to_ne_bytes())?;
        put(&mut on.kernel[4..], &high.to_ne_bytes())?;
        Ok(8)
    }),
    value::<u64>("write", Does::Write, |on| {
        let value = u64::from_ne_bytes(bytes(on.kernel));
        whole(UserPtr::from(on.user).write(value), on.kernel)
    }),
    value::<u16>("write without the pager", Does::Write, |on| {
        let value = u16::from_ne_bytes(bytes(on.kernel));
        whole(UserPtr::from(on.user).nofault().write(value), on.kernel)
    }),
    value::<u8>("add", Does::Exchange, |on| {
        let [new] = bytes(on.kernel);
        let [held] = bytes(on.held);
        let before =
            atomic(UserPtr::<u8>::from(on.user).atomic(), |it| it.fetch_add(new.wrapping_sub(held)))?;
        put(on.kernel, &[before])
    }),
    value::<u64>("add, 8 bytes", Does::Exchange, |on| {
        let (new, held) = (u64::from_ne_bytes(bytes(on.kernel)), u64::from_ne_bytes(bytes(on.held)));
        let before =
            atomic(UserPtr::<u64>::from(on.user).atomic(), |it| it.fetch_add(new.wrapping_sub(held)))?;
        put(on.kernel, &before.to_ne_bytes())
    }),
    value::<u32>("xor", Does::Exchange, |on| {
        let (new, held) = (u32::from_ne_bytes(bytes(on.kernel)), u32::from_ne_bytes(bytes(on.held)));
        let before = atomic(UserPtr::<u32>::from(on.user).atomic(), |it| it.fetch_xor(new ^ held))?;
        put(on.kernel, &before.to_ne_bytes())
    }),
    value::<u16>("swap", Does::Exchange, |on| {
        let new = u16::from_ne_bytes(bytes(on.kernel));
        let before = atomic(UserPtr::<u16>::from(on.user).atomic(), |it| it.swap(new))?;
        put(on.kernel, &before.to_ne_bytes())
    }),
    value::<u32>("compare-exchange without the pager", Does::Exchange, |on| {
        let (new, held) = (u32::from_ne_bytes(bytes(on.kernel)), u32::from_ne_bytes(bytes(on.held)));
        let word: UserPtr<u32, NoFault> = UserPtr::from(on.user).nofault();
        let found = atomic(word.atomic(), |it| it.compare_exchange(held, new))?;
        put(on.kernel, &found.unwrap_or_else(|other| other).to_ne_bytes())
    }),
];

fn whole(result: Result<(), Fault>, kernel: &[u8]) -> Result<usize, Stop> {
    result?;
    Ok(kernel.len())
}

fn stop(outcome: Outcome, user: usize, len: usize, access: Access) -> Result<usize, Stop> {
    match outcome.left() {
        0 => Ok(len),
        left => {
            let copied = len - left;
            Err(Stop { done: copied, addr: user + copied, access, kind: outcome.kind() })
        }
    }
}

fn string<C: axptr::Context>(string: UserCStr<C>, kernel: &mut [u8]) -> Result<usize, Stop> {
    let len = kernel.len();
    match string.read(kernel) {
        Ok(text) => Ok(text.count_bytes() + 1),
        Err(StringError::TooLong) => Ok(len),
        Err(StringError::Fault(fault)) => Err(fault.into()),
        Err(error) => panic!("{error}"),
    }
}

/// Tries until nothing is in the way: on some machines, an interrupt may be.
fn atomic<T: AtomicValue, C: axptr::Context, R>(
    value: UserAtomic<T, C>,
    operation: impl Fn(UserAtomic<T, C>) -> Result<R, AtomicError>,
) -> Result<R, Stop> {
    loop {
        match operation(value) {
            Ok(result) => return Ok(result),
            // Whether a machine's instruction is told as a read or as a write is not the question here.
            Err(AtomicError::Fault(fault)) => return Err(Stop { access: Access::Write, ..fault.into() }),
            Err(AtomicError::Retry) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn bytes<const N: usize>(of: &[u8]) -> [u8; N] {
    of.try_into().expect("as many as the value has")
}

fn put(kernel: &mut [u8], value: &[u8]) -> Result<usize, Stop> {
    kernel.copy_from_slice(value);
    Ok(value.len())
}
