// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user limit: user memory may be below it, and nowhere else.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch;

/// The end of the user half. It is 0 until code that can guarantee it sets it: a kernel with [`set_user_limit`], a
/// process with `hosted::install`. A guess would let safe code access kernel memory below the guessed limit.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The end of the user half. Every accepted range ends at or below it.
///
/// It is 0 until [`set_user_limit`] has set it (in a process, `hosted::install`). So every access is refused until
/// then.
#[inline]
#[must_use]
pub fn user_limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// The usual end of the user half on this machine, for [`set_user_limit`].
///
/// A kernel can use it if all its own memory lies above it. On x86_64 it is 2^47 - 4096: so no string instruction can
/// run into the non-canonical hole (SDM vol. 1, 3.3.7.1).
pub const DEFAULT_USER_LIMIT: usize = arch::USER_LIMIT;

/// Sets the user limit, for all CPUs: user memory may be below `limit`, and nowhere else.
///
/// A kernel calls it once at boot, before the first access. Until then every access is refused with
/// [`FaultKind::NotSetUp`](crate::FaultKind::NotSetUp). [`selftest`](crate::selftest()) reports a limit above the
/// kernel's own code, data or stack.
///
/// Any limit will do that keeps the promise below. The most that user memory can have, by the width of addresses:
///
/// | machine | width | limit |
/// |---|---|---|
/// | x86_64 | 48 bits | 2^47 - 4096, the default |
/// | x86_64 | 57 bits (LA57) | 2^56 - 4096 |
/// | aarch64 | 48 bits (TCR_EL1.T0SZ 16) | 2^48, the default |
/// | aarch64 | 52 bits (LVA, T0SZ 12) | 2^52 |
/// | riscv64 | Sv39 | 2^38, a kernel's default |
/// | riscv64 | Sv48, Sv57 | 2^47, 2^56 |
/// | loongarch64 | VALEN bits (CPUCFG word 1), usually 48 | 2^(VALEN - 1); the default is 2^47 |
///
/// The page below the hole is left out on x86_64 for the reason that [`DEFAULT_USER_LIMIT`] tells. A limit above what the
/// CPU translates costs a trap for such an address, and is no less safe. Above 2^48 on aarch64, the upper half is taken for
/// one of 52 bits, too.
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
/// 1. No memory below `limit` is the kernel's own. Safe code can pass any address below `limit` as a user address. This
///    crate may then read that memory and overwrite it.
pub unsafe fn set_user_limit(limit: usize) {
    LIMIT.store(limit, Ordering::Relaxed);
}

/// The first of these kernel addresses that lies below the limit. In a process there is none, because all its memory is
/// user memory.
#[inline]
pub(super) fn first_below_limit(own: &[usize]) -> Option<usize> {
    let is_kernel = cfg!(axptr_home = "kernel");
    own.iter().copied().find(|&addr| is_kernel && addr < user_limit())
}

/// The address of the limit itself: an address in the data of the image.
pub(super) fn address_of_limit() -> usize {
    (&raw const LIMIT).addr()
}
