// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the platform crate leaves to a firmware on this machine. The emulator starts the kernel without one.

use core::{arch::global_asm, ptr};

// Where the emulator enters: `image/build.rs` puts it into the image's header. It leaves the registers as its own kind of
// UEFI would, of which the platform takes the address without a direct-map window (someboot 0.7.2, `is_boot_from_uefi`,
// `setup_service`): the first access is a fault that nobody handles. So this says what a boot loader without UEFI does:
// -2, and where the device tree is. The board has it at 1 MiB.
global_asm!(
    ".pushsection .text.kernel_enter_without_firmware, \"ax\", @progbits",
    ".global kernel_enter_without_firmware",
    "kernel_enter_without_firmware:",
    "addi.d $a0, $zero, -2",
    "lu12i.w $a1, {device_tree} >> 12",
    "b kernel_entry",
    ".popsection",
    device_tree = const 1 << 20,
);

/// Turns the board off, as its device tree says ("syscon-poweroff"). The platform only knows the firmware's way
/// (someboot 0.7.2, `Arch::shutdown`), and loops.
pub fn power_off() {
    /// The uncached direct-map window, and the board's register.
    const REGISTER: usize = 0x8000_0000_100e_001c;
    const OFF: u8 = 0x34;
    let register = ptr::with_exposed_provenance_mut::<u8>(REGISTER);
    // SAFETY: the board's own register, in a window that the platform has set up before anything of ours ran.
    unsafe { register.write_volatile(OFF) };
}
