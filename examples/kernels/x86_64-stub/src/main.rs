// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with axptr. It runs one program, which passes it good and bad pointers, and shows what comes back.

#![no_std]
#![no_main]

mod pager;
mod syscalls;
mod trap;

use axptr::trap::{OwnFault, Told, selftest};
use machine::{println, program};

/// Where memory of the program may end.
const USER_LIMIT: usize = if cfg!(feature = "la57") { (1 << 56) - 4096 } else { axptr::DEFAULT_USER_LIMIT };

/// What the code that boots calls. It never returns, so what lies on its stack stays there.
#[unsafe(no_mangle)]
extern "C" fn kernel_main() -> ! {
    println!("kernel: x86_64-stub");
    // SAFETY: (1) the kernel, and all that it maps for itself, lies in the upper half.
    unsafe { axptr::set_user_limit(USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
    let idt = trap::table();
    // SAFETY: it stays where it is.
    unsafe { idt.load_unsafe() };
    // Nothing is mapped at 0x1000. That the program's own faults end it is what the program shows.
    let told = selftest(0x1000, OwnFault::raise, |pc| pc).unwrap_or_else(|error| panic!("axptr: {error}"));
    assert_eq!(told, Told::Kinds);
    program::run()
}
