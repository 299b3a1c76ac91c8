// SPDX-License-Identifier: MIT OR Apache-2.0
//! An exception behind each instruction: single steps (SDM vol. 3, 17.3.1.4).

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

use super::gates;

/// The debug exception.
const DB: usize = 1;

/// The flag that asks for it.
const TF: usize = 1 << 8;

static STEPS: AtomicUsize = AtomicUsize::new(0);
/// As the address of a `fn()`.
static AT_EACH: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Calls `f`, and `at_each` behind each instruction of it. Says how many there were.
pub fn through<R>(f: impl FnOnce() -> R, at_each: fn()) -> (R, usize) {
    let former = gates::handler(DB);
    AT_EACH.store(at_each as *mut (), Ordering::Relaxed);
    STEPS.store(0, Ordering::Relaxed);
    // SAFETY: nothing raises #DB until the flag is set, and from then on it comes back behind each instruction.
    unsafe { gates::set_handler(DB, (kernel_step as *const ()).addr()) };
    set_flag(true);
    let result = f();
    set_flag(false);
    // SAFETY: nothing raises #DB any more.
    unsafe { gates::set_handler(DB, former) };
    (result, STEPS.load(Ordering::Relaxed))
}

fn set_flag(on: bool) {
    // SAFETY: changes TF only; the gate is there.
    unsafe {
        asm!(
            "pushfq",
            "and qword ptr [rsp], {mask}",
            "or qword ptr [rsp], {flag}",
            "popfq",
            mask = const !(TF as i32),
            flag = in(reg) if on { TF } else { 0 },
        );
    }
}

/// What the gate calls, with TF clear and interrupts off.
extern "C" fn on_step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
    // A step in an open window leaves it open.
    let window = axptr::window::suspend();
    // SAFETY: only `through` stores here.
    let at_each = unsafe { core::mem::transmute::<*mut (), fn()>(AT_EACH.load(Ordering::Relaxed)) };
    at_each();
    window.resume();
}

unsafe extern "C" {
    fn kernel_step();
}

// Entered with the CPU's frame, without an error code: five words, which end at a multiple of 16.
global_asm!(
    ".pushsection .text.kernel_step, \"ax\", @progbits",
    ".global kernel_step",
    "kernel_step:",
    ".irp register, rax,rcx,rdx,rsi,rdi,r8,r9,r10,r11",
    "push \\register",
    ".endr",
    "cld",
    "call {on_step}",
    ".irp register, r11,r10,r9,r8,rdi,rsi,rdx,rcx,rax",
    "pop \\register",
    ".endr",
    "iretq",
    ".popsection",
    on_step = sym on_step,
);
