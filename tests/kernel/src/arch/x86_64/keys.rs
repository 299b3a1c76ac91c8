// SPDX-License-Identifier: MIT OR Apache-2.0
//! Protection keys: a user page may belong to one of 16 keys, and PKRU forbids accesses by key, to kernel
//! code as well (SDM vol. 3, 4.6.2).

use core::arch::asm;

use crate::pte;

const CR4_PKE: usize = 1 << 22;

/// A page's key in its entry.
const KEY_SHIFT: u32 = 59;
const KEY: u64 = 1;

/// What PKRU forbids for [`KEY`].
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub enum Forbids {
    /// Both directions.
    Access = 1,
    /// Writes.
    Writes = 2,
}

/// Calls `f` while the page at `addr` has a key that forbids what `forbids` says.
///
/// # Safety
///
/// The CPU has protection keys, and the page at `addr` is mapped.
pub unsafe fn during<R>(addr: usize, forbids: Forbids, f: impl FnOnce() -> R) -> R {
    let cr4 = super::cr4();
    // SAFETY: the bit is defined on this CPU; all pages have key 0, and PKRU is 0.
    unsafe { super::set_cr4(cr4 | CR4_PKE) };
    let key = pte::change(addr, |entry| entry | KEY << KEY_SHIFT);
    set_rights((forbids as u32) << (2 * KEY));
    let result = f();
    set_rights(0);
    drop(key);
    // SAFETY: what it was.
    unsafe { super::set_cr4(cr4) };
    result
}

/// Sets PKRU.
fn set_rights(rights: u32) {
    // SAFETY: the callers have set CR4.PKE; ecx and edx must be 0.
    unsafe { asm!("wrpkru", in("eax") rights, in("ecx") 0, in("edx") 0, options(nostack)) };
}
