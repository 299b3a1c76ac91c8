// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel side of a copy. That its unrepaired faults stop the kernel is what the panic boots show.

use alloc::{string::String, vec};

use crate::{
    ensure,
    fault::{self, Traps},
    op::pattern,
    space::{self, KERNEL_LAZY, PAGE},
};

/// A length of each size class.
const LENGTHS: [usize; 9] = [1, 3, 7, 8, 16, 32, 64, 200, PAGE];

/// Pages that the case below has the kernel's own handler provide: one for each length, there and back.
pub const fn faults() -> usize {
    2 * LENGTHS.len()
}

/// A fault there goes to the kernel's own handler, by way of the vector, and the copy resumes unharmed.
pub fn the_kernels_own_lazy_memory_is_none_of_axptrs_business() -> Result<(), String> {
    let user = space::RW.start();
    space::poke(user, &pattern(PAGE));
    for len in LENGTHS {
        KERNEL_LAZY.renew();
        let kernel = KERNEL_LAZY.start() as *mut u8;
        // SAFETY: (1) the kernel's own lazy memory, nobody else's; (2) user memory.
        let (outcome, traps) = fault::counted(|| unsafe { axptr::raw::copy_from_user(kernel, user, len) });
        ensure!(outcome.left() == 0 && traps == Traps::pages(1), "{len} bytes in: {outcome:?}, {traps:?}");
        let mut bytes = vec![0; len];
        // SAFETY: the copy has made the page; `bytes` is as long.
        unsafe { kernel.copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
        ensure!(bytes == pattern(len), "{len} bytes in: wrong");

        KERNEL_LAZY.renew();
        let target = space::RW.page(1);
        space::poke(target, &pattern(PAGE));
        // SAFETY: (1) the kernel's own lazy memory, zeroed; (2) user memory.
        let (outcome, traps) = fault::counted(|| unsafe { axptr::raw::copy_to_user(target, kernel, len) });
        ensure!(outcome.left() == 0 && traps == Traps::pages(1), "{len} bytes out: {outcome:?}, {traps:?}");
        let written = space::peek(target, PAGE);
        ensure!(written[..len].iter().all(|&byte| byte == 0), "{len} bytes out: wrong");
        ensure!(written[len..] == pattern(PAGE)[len..], "{len} bytes out: bytes behind the end");
    }
    Ok(())
}
