// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the boot loader passes.

use core::ffi::{CStr, c_char};

use axhal::mem::{pa, phys_to_virt};

/// The words after `-append`, with the kernel's file name in front of them.
///
/// QEMU puts them behind the kernel image, where the heap will be.
pub fn command_line(boot_arg: usize) -> &'static str {
    /// Bit in `flags`: `cmdline` is there.
    const HAS_COMMAND_LINE: u32 = 1 << 2;

    /// The beginning of the information that the boot loader leaves.
    #[repr(C)]
    struct BootInfo {
        flags: u32,
        _memory: [u32; 2],
        _boot_device: u32,
        cmdline: u32,
    }

    let info = phys_to_virt(pa!(boot_arg)).as_ptr().cast::<BootInfo>();
    // SAFETY: `boot_arg` is what the boot loader passed; low memory stays mapped and reserved.
    let info = unsafe { &*info };
    if info.flags & HAS_COMMAND_LINE == 0 {
        return "";
    }
    let line = phys_to_virt(pa!(info.cmdline as usize)).as_ptr();
    // SAFETY: the flag promises a NUL-terminated string, and nothing has allocated yet.
    let line = unsafe { CStr::from_ptr(line.cast::<c_char>()) };
    line.to_str().expect("the command line is UTF-8")
}
