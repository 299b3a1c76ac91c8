// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with one program, whose system calls access its memory through axptr.
#![no_std]
#![no_main]

mod memory;
mod syscalls;
mod trap;

use axptr::trap::{OwnFault, Told, selftest};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    machine::say(format_args!("kernel: aarch64"));
    machine::keep_out_of_user_memory();
    memory::map_program();
    // SAFETY: (1) the kernel, and all that it maps for itself, lies above this address.
    unsafe { axptr::set_user_limit(memory::USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
    // Nothing is mapped at 0x1000. That the program's own faults end it is what the program shows.
    let told = selftest(0x1000, OwnFault::raise, |pc| pc).unwrap_or_else(|error| panic!("axptr: {error}"));
    assert_eq!(told, Told::Kinds);
    trap::run(memory::PROGRAM)
}
