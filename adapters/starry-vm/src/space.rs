// SPDX-License-Identifier: MIT OR Apache-2.0
//! User memory, as starry-vm asks for it.

use core::mem::MaybeUninit;

use axptr::{copy_from_user_uninit, copy_to_user};
use starry_vm::{VmIo, VmResult};

use crate::error::vm_error;

/// The address space that is active on this CPU, with the rights of the kernel's user accesses.
///
/// It has no state: the kernel decides for whose memory it is used. A kernel that guards its accesses by a scope
/// makes a provider of its own, opens the scope there, and calls this.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActiveSpace;

// SAFETY: a copy returns `Ok` after it has written each byte of the buffer, and keeps no slice. The address space is
// the active one: it lives as long as the access. There is no state to serialise.
unsafe impl VmIo for ActiveSpace {
    fn read(&mut self, start: usize, buf: &mut [MaybeUninit<u8>]) -> VmResult {
        copy_from_user_uninit(buf, start).map(drop).map_err(vm_error)
    }

    fn write(&mut self, start: usize, buf: &[u8]) -> VmResult {
        copy_to_user(start, buf).map_err(vm_error)
    }
}
