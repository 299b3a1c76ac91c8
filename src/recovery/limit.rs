// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where user memory may be: below the limit that the kernel states.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch;

/// The end of the user half. There is none until somebody has said so who can answer for it: a kernel by
/// [`set_user_limit`], a process by `hosted::install`. A guess would let safe code reach the memory of a kernel that
/// lies below it.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The end of the user half: every accepted range ends at or below it.
///
/// It is 0, and so every access refused, until [`set_user_limit`] (in a process: `hosted::install`) has said where user
/// memory may be.
#[inline]
#[must_use]
pub fn user_limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// Where the user half ends in most kernels of this machine, in bytes: the argument for [`set_user_limit`] of a kernel
/// that lies above it (x86_64: 2^47 - 4096, so that no string instruction can run into the non-canonical hole; SDM
/// vol. 1, 3.3.7.1).
pub const DEFAULT_USER_LIMIT: usize = arch::USER_LIMIT;

/// States where user memory may be: below `limit`, on all CPUs, from now on.
///
/// Each kernel calls it once at boot, before the first access: until then every access is refused, with
/// [`FaultKind::NotSetUp`](crate::FaultKind::NotSetUp). [`selftest`](crate::selftest()) finds a limit above the
/// kernel's own code, data or stack.
///
/// ```
/// use axptr::{DEFAULT_USER_LIMIT, FaultKind, UserConstPtr};
///
/// let early = UserConstPtr::<u32>::from(0x1000).read().unwrap_err();
/// assert_eq!(early.kind, FaultKind::NotSetUp);
/// // SAFETY: (1) this kernel is linked above the default limit, and maps nothing of its own below it.
/// unsafe { axptr::set_user_limit(DEFAULT_USER_LIMIT) };
/// assert_eq!(axptr::user_limit(), DEFAULT_USER_LIMIT);
/// ```
///
/// # Safety
///
/// 1. No memory below `limit` is the kernel's own: whatever safe code then passes as a user address below it
///    may be read, and overwritten, by this crate.
pub unsafe fn set_user_limit(limit: usize) {
    LIMIT.store(limit, Ordering::Relaxed);
}

/// The first of these addresses of the kernel's own that the limit reaches over. In a process there is none: all of its
/// memory is user memory.
#[inline]
pub(super) fn first_below_limit(own: &[usize]) -> Option<usize> {
    let is_kernel = cfg!(target_os = "none");
    own.iter().copied().find(|&addr| is_kernel && addr < user_limit())
}

/// Where this crate keeps the limit: an address of the image's data.
pub(super) fn address_of_limit() -> usize {
    (&raw const LIMIT).addr()
}
