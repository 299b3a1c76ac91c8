// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vector registers of a kernel whose copies use them: turned on, and saved by what interrupts a copy.

use core::arch::asm;

/// x87, SSE and AVX, as XCR0 counts them (SDM vol. 1, 13.1).
pub const COMPONENTS: u32 = 0b111;

/// Where XSAVE puts them: the legacy part, the header and the high halves, 832 bytes.
#[derive(Debug)]
#[repr(C, align(64))]
struct Area([u8; 1024]);

/// Turns them on, on this CPU.
///
/// # Panics
///
/// Panics if the CPU has no AVX: the cases are about both widths.
pub fn enable() {
    const MP: usize = 1 << 1;
    const EM: usize = 1 << 2;
    const TS: usize = 1 << 3;
    const OSFXSR: usize = 1 << 9;
    const OSXMMEXCPT: usize = 1 << 10;
    const OSXSAVE: usize = 1 << 18;
    assert!(super::Features::has_avx(), "no AVX");
    // SAFETY: (1) this CPU has these modes; nothing of this kernel depends on them.
    unsafe { super::set_cr4(super::cr4() | OSFXSR | OSXMMEXCPT | OSXSAVE) };
    // SAFETY: (1) as above.
    unsafe { set_cr0(cr0() & !(EM | TS) | MP) };
    // SAFETY: (1) it has the three components.
    unsafe { set_components(COMPONENTS) };
}

/// Sets XCR0.
///
/// # Safety
///
/// 1. The CPU has the components, CR4.OSXSAVE is set, x87 is among them, and nobody misses another one.
pub unsafe fn set_components(components: u32) {
    // SAFETY: (1).
    unsafe { asm!("xsetbv", in("ecx") 0, in("eax") components, in("edx") 0, options(nomem, nostack)) };
}

pub fn cr0() -> usize {
    let cr0;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, cr0", out(reg) cr0, options(nomem, nostack, preserves_flags)) };
    cr0
}

/// Sets CR0.
///
/// # Safety
///
/// 1. All bits are defined on this CPU, and the kernel can go on with them.
pub unsafe fn set_cr0(cr0: usize) {
    // SAFETY: (1).
    unsafe { asm!("mov cr0, {}", in(reg) cr0, options(nostack, preserves_flags)) };
}

/// Calls `f`, and gives all of them back as they were.
pub fn kept<R>(f: impl FnOnce() -> R) -> R {
    let mut area = Area([0; 1024]);
    let at = area.0.as_mut_ptr();
    // SAFETY: the area is as long as the components need, aligned, and its header is 0.
    unsafe {
        asm!("xsave64 [{}]", in(reg) at, in("eax") COMPONENTS, in("edx") 0, options(nostack, preserves_flags))
    };
    let result = f();
    // SAFETY: what has been saved; the compiler keeps nothing in these registers.
    unsafe {
        asm!("xrstor64 [{}]", in(reg) at, in("eax") COMPONENTS, in("edx") 0, options(nostack, preserves_flags))
    };
    result
}

/// Leaves no bit of them as it was.
pub fn overwrite() {
    // SAFETY: the compiler keeps nothing in these registers.
    unsafe {
        asm!(
            "vpcmpeqb ymm0, ymm0, ymm0",
            ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
            "vmovdqa ymm\\n, ymm0",
            ".endr",
            options(nomem, nostack, preserves_flags),
        );
    }
}
