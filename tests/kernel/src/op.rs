// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every way to move bytes, and one check for all: counts, causes, traps, and each byte.

use alloc::{format, string::String, vec};
use core::fmt;

use axptr::{Access, Fault, FaultKind, UserConstPtr, UserPtr, region};

use crate::{
    ensure,
    fault::{self, Traps},
    space::{self, Locked},
};

/// One way to move bytes between a user range and the kernel.
#[derive(Clone, Copy)]
pub struct Op {
    name: &'static str,
    /// What is done to the user range.
    pub access: Access,
    run: fn(user: usize, kernel: &mut [u8]) -> Result<(), Fault>,
}

/// Range and table: nobody is asked before the access.
pub const BY_TABLE: [Op; 7] = [
    Op::reads("copy_from_user", |user, kernel| axptr::copy_from_user(kernel, user)),
    Op::writes("copy_to_user", |user, kernel| axptr::copy_to_user(user, kernel)),
    Op::writes("fill_user", |user, kernel| {
        let byte = kernel.first().copied().unwrap_or_default();
        kernel.fill(byte);
        axptr::fill_user(user, byte, kernel.len())
    }),
    Op::reads("copy_in_user, source", |user, kernel| {
        space::poke(PARTNER, kernel);
        let result = axptr::copy_in_user(PARTNER, user, kernel.len());
        kernel.copy_from_slice(&space::peek(PARTNER, kernel.len()));
        result
    }),
    Op::writes("copy_in_user, destination", |user, kernel| {
        space::poke(PARTNER, kernel);
        axptr::copy_in_user(user, PARTNER, kernel.len())
    }),
    Op::reads("read_slice", |user, kernel| UserConstPtr::<u8>::new(user).read_slice(kernel)),
    Op::writes("write_slice", |user, kernel| UserPtr::<u8>::new(user).write_slice(kernel)),
];

/// Region mode, through axmm's address space under its lock.
pub const BY_REGION: [Op; 5] = [
    Op::reads("region::copy_from_user", |user, kernel| region::copy_from_user(Locked, kernel, user)),
    Op::writes("region::copy_to_user", |user, kernel| region::copy_to_user(Locked, user, kernel)),
    Op::writes("region::fill_user", |user, kernel| {
        let byte = kernel.first().copied().unwrap_or_default();
        kernel.fill(byte);
        region::fill_user(Locked, user, byte, kernel.len())
    }),
    Op::reads("read_slice_in", |user, kernel| UserConstPtr::<u8>::new(user).read_slice_in(Locked, kernel)),
    Op::writes("write_slice_in", |user, kernel| UserPtr::<u8>::new(user).write_slice_in(Locked, kernel)),
];

/// The other side of copies inside user space: eight pages that are there.
pub const PARTNER: usize = space::RW.page(8);

/// What nothing else here is: it stands where no byte may arrive.
const CANARY: u8 = 0xee;
const CANARIES: usize = 64;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Bytes that were done.
    pub copied: usize,
    /// What stopped it.
    pub kind: Option<FaultKind>,
    /// What it cost.
    pub traps: Traps,
}

impl Done {
    /// All of `len` bytes, with so many page faults.
    pub const fn all(len: usize, page_faults: usize) -> Self {
        Self { copied: len, kind: None, traps: Traps::pages(page_faults) }
    }

    /// Stopped after `copied` bytes, with so many page faults.
    pub const fn stopped(copied: usize, kind: FaultKind, page_faults: usize) -> Self {
        Self { copied, kind: Some(kind), traps: Traps::pages(page_faults) }
    }
}

impl Done {
    /// What is told of it, where a landing was.
    pub fn told(self) -> Self {
        let lands = self.traps != Traps::NONE;
        Self { kind: self.kind.map(|kind| if lands { fault::told(kind) } else { kind }), ..self }
    }
}

impl Op {
    const fn reads(name: &'static str, run: fn(usize, &mut [u8]) -> Result<(), Fault>) -> Self {
        Self { name, access: Access::Read, run }
    }

    const fn writes(name: &'static str, run: fn(usize, &mut [u8]) -> Result<(), Fault>) -> Self {
        Self { name, access: Access::Write, run }
    }

    /// Runs it on `len` bytes at `user` and checks that it did what it says.
    ///
    /// `before` is what the memory at `user` held, as far as the caller knows; it is looked at again behind
    /// the operation, so it must be mapped by then. A page that is absent counts as zeroes.
    pub fn check(self, user: usize, len: usize, before: &[u8]) -> Result<Done, String> {
        let mut kernel = vec![CANARY; len + CANARIES];
        if self.access == Access::Write {
            for (index, byte) in kernel[..len].iter_mut().enumerate() {
                // Never the canary, and nothing that stood there before.
                *byte = 0x80 | (index % 61) as u8;
            }
        }
        let (result, traps) = fault::counted(|| (self.run)(user, &mut kernel[..len]));
        let (copied, kind) = match result {
            Ok(()) => (len, None),
            Err(fault) => {
                ensure!(fault.done < len, "{self:?}: {fault:?} of {len} bytes");
                let side = (user.wrapping_add(fault.done), self.access);
                // Of two sides, ax-cpu's tables do not tell which: it counts as the one that is read.
                let other = (PARTNER + fault.done, Access::Read);
                let told = (fault.addr, fault.access);
                ensure!(
                    told == side || fault::in_ax_cpu() && fault.kind == FaultKind::Unknown && told == other,
                    "{self:?} at {user:#x}: {fault:x?}"
                );
                (fault.done, Some(fault.kind))
            }
        };
        let done = Done { copied, kind, traps };
        let known = before.len().min(copied);
        match self.access {
            Access::Read => {
                ensure!(kernel[..known] == before[..known], "{self:?} at {user:#x}: wrong bytes, {done:?}");
                let rest = kernel[copied..].iter().all(|&byte| byte == CANARY);
                ensure!(rest, "{self:?} at {user:#x}: bytes behind the end, {done:?}");
            }
            Access::Write if before.is_empty() => {}
            Access::Write => {
                let after = space::peek(user, before.len());
                ensure!(after[..known] == kernel[..known], "{self:?} at {user:#x}: wrong bytes, {done:?}");
                ensure!(
                    after[known..] == before[known..],
                    "{self:?} at {user:#x}: bytes behind the end, {done:?}"
                );
            }
        }
        Ok(done)
    }

    /// The same, and it must end so.
    pub fn expect(self, user: usize, len: usize, before: &[u8], expected: Done) -> Result<(), String> {
        let done = self.check(user, len, before)?;
        let expected = expected.told();
        ensure!(done == expected, "{self:?} of {len} bytes at {user:#x}: {done:?}, not {expected:?}");
        Ok(())
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// `count` bytes that differ from their neighbours, from what operations write, and from 0.
pub fn pattern(count: usize) -> vec::Vec<u8> {
    (0..count).map(|index| 1 + (index % 113) as u8).collect()
}

/// What to say where something should have been refused.
pub fn not_refused<T: fmt::Debug>(what: &str, result: T) -> String {
    format!("{what} gave {result:x?}")
}
