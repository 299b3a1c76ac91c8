// SPDX-License-Identifier: MIT OR Apache-2.0
//! What both kernels for x86_64 stand on, and each kernel has of its own: the way from the boot loader to its `main`, a
//! console, tables of segments and pages, and the program that they run. Nothing here knows axptr.
#![no_std]

pub mod console;
pub mod cpu;
pub mod memory;
pub mod program;
pub mod segments;

use core::arch::global_asm;

use x86_64::{VirtAddr, structures::tss::TaskStateSegment};

global_asm!(
    include_str!("boot.S"),
    include_str!("program.S"),
    enter = sym enter,
    KERNEL = const memory::KERNEL,
    LA57 = const cfg!(feature = "la57") as usize,
    USER = const memory::USER,
);

unsafe extern "C" {
    /// Where the kernel begins. It says which it is, and does what is its own.
    safe fn kernel_main() -> !;

    /// Where the stack ends that the CPU takes when it leaves the program.
    safe static trap_stack: u8;
}

/// What `boot.S` calls. It never returns, so what lies on its stack stays there.
extern "C" fn enter() -> ! {
    let mut tss = TaskStateSegment::new();
    tss.privilege_stack_table[0] = VirtAddr::from_ptr(&raw const trap_stack);
    let table = segments::table(&tss);
    // SAFETY: both stay where they are.
    unsafe { segments::load(&table) };
    cpu::keep_out_of_user_memory();
    memory::load_program();
    kernel_main()
}
