// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a fault is called in starry-vm.

use axptr::{Fault, FaultKind};
use starry_vm::VmError;

/// Converts a fault to starry-vm's error: it is denied what the page forbids, and the address is bad otherwise.
///
/// The number of bytes that were done is lost: [`VmIoCounted`](crate::VmIoCounted) keeps it. On riscv64 a kernel
/// cannot tell a forbidden page from an absent one: both are a bad address there. With axptr's feature `ax-cpu` no fault
/// tells its kind: each is a bad address. Both errors are EFAULT in the end.
#[must_use]
pub fn vm_error(fault: Fault) -> VmError {
    match fault.kind {
        FaultKind::Permission | FaultKind::ProtectionKey | FaultKind::Tag => VmError::AccessDenied,
        _ => VmError::BadAddress,
    }
}
