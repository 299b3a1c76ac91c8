// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inlined accesses of x86_64: see `arch::shape`.
//!
//! Addresses are in rsi and rdi. The compiler might choose rbp, and with rbp an address that cannot be translated would
//! be a stack fault (AMD64 APM vol. 2, 8.2.13).

use core::{arch::asm, sync::atomic::Ordering};

use super::{CPU, CPU_SMAP, IS_KERNEL, ask_cpu};
use crate::arch::{
    entry::{READ, WRITE},
    shape::{ATOMIC_TRIES, InlineFlags, RETRY, UNTOLD, rmw_op},
};

/// A word may have any alignment, and an access that faults has done nothing (SDM vol. 3, 6.5).
pub(crate) const LOADS_WORDS_ANYWHERE: bool = true;
/// The same for stores.
pub(crate) const STORES_WORDS_ANYWHERE: bool = true;

/// True: each store that is sequentially consistent ends with a barrier, or is one (SDM vol. 3, 8.2).
pub(crate) const LOADS_FOLLOW_STORES: bool = true;

/// True: SMAP refuses plain loads and stores of user pages while the window is closed.
pub(crate) const VALUES_NEED_WINDOW: bool = true;

/// Whether this call has opened the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(bool);

/// Opens the window if CPUID reports SMAP and the window is closed, as `axptr_window_open` does.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    const RFLAGS_AC: u64 = 1 << 18;
    if !IS_KERNEL {
        return Window(false);
    }
    if CPU.load(Ordering::Relaxed) == 0 {
        ask_cpu();
    }
    if CPU.load(Ordering::Relaxed) & CPU_SMAP == 0 {
        return Window(false);
    }
    let flags: u64;
    // SAFETY: reads the flags.
    unsafe { asm!("pushfq", "pop {}", out(reg) flags, options(nomem, preserves_flags)) };
    if flags & RFLAGS_AC != 0 {
        return Window(false);
    }
    // SAFETY: CPUID reports SMAP, so the instruction exists; `close_window` undoes it.
    unsafe { asm!("stac", options(nostack)) };
    Window(true)
}

/// Closes the window if `open_window` opened it.
#[inline(always)]
pub(crate) fn close_window(window: Window) {
    if window.0 {
        // SAFETY: `open_window` executed `stac`, so the instruction exists.
        unsafe { asm!("clac", options(nostack)) };
    }
}

/// A load of 8 bytes.
macro_rules! load_word {
    ($word:ident, $at:literal) => {
        concat!("mov {", stringify!($word), "}, qword ptr [rsi + ", $at, "]")
    };
}

/// A store of 8 bytes.
macro_rules! store_word {
    ($word:ident, $at:literal) => {
        concat!("mov qword ptr [rdi + ", $at, "], {", stringify!($word), "}")
    };
}

/// Adds the number of stored bytes to the cause.
macro_rules! stub {
    ($at:literal) => {
        concat!("or edx, ", $at, " << {stored}\njmp 3b")
    };
}

values! {
    machine: ("rdx" "xor edx, edx" (nostack)),
    load: ([in("rsi")] [lateout("rax")])
        "movzx eax, byte ptr [rsi]" "movzx eax, word ptr [rsi]" "mov eax, dword ptr [rsi]" "mov rax, qword ptr [rsi]",
    load_kernel: ([in("rsi")] [lateout("rax")])
        "movzx eax, byte ptr [rsi]" "movzx eax, word ptr [rsi]" "mov eax, dword ptr [rsi]" "mov rax, qword ptr [rsi]",
    store: ([in("rdi")] [in("rax")])
        "mov byte ptr [rdi], al" "mov word ptr [rdi], ax" "mov dword ptr [rdi], eax" "mov qword ptr [rdi], rax",
    words: load_word store_word (behind stub),
}

/// One instruction that exchanges memory at rdi with a part of rcx, or of rax and rcx.
macro_rules! exchange {
    ($text:literal, $addr:ident, $rax:expr, $rcx:ident, $flags:ty) => {{
        let (rax, rcx, status): (u64, u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                concat!("2: ", $text),
                "xor edx, edx",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ | WRITE,
                in("rdi") $addr,
                inout("rax") $rax => rax,
                inout("rcx") $rcx => rcx,
                inout("rdx") UNTOLD => status,
                options(nostack),
            );
        }
        (rax, rcx, status)
    }};
}

/// Loads a part of rax from rdi, computes a part of r8 from it and rcx, and puts that in its place. It repeats this
/// while another CPU changes the value in between.
macro_rules! compute {
    ($op:literal, $load:literal, $replace:literal, $addr:ident, $operand:ident, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                concat!("2: ", $load),
                "4: mov r8, rax",
                concat!($op, " r8, rcx"),
                concat!("5: lock cmpxchg ", $replace),
                "je 6f",
                "dec r9d",
                "jnz 4b",
                "mov edx, {retry}",
                "jmp 3f",
                "6: xor edx, edx",
                "3:",
                crate::__ex_entry!("2b", "3b", "{reads}"),
                crate::__ex_entry!("5b", "3b", "{replaces}"),
                reads = const <$flags>::FLAGS | READ,
                replaces = const <$flags>::FLAGS | READ | WRITE,
                retry = const RETRY,
                in("rdi") $addr,
                in("rcx") $operand,
                inout("rax") 0_u64 => value,
                out("r8") _,
                inout("r9") u64::from(ATOMIC_TRIES) => _,
                inout("rdx") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
    }};
}

/// `compute` in the width of `SIZE`.
macro_rules! compute_sized {
    ($op:literal, $size:ident, $addr:ident, $operand:ident, $flags:ty) => {
        match $size {
            1 => compute!($op, "mov al, byte ptr [rdi]", "byte ptr [rdi], r8b", $addr, $operand, $flags),
            2 => compute!($op, "mov ax, word ptr [rdi]", "word ptr [rdi], r8w", $addr, $operand, $flags),
            4 => compute!($op, "mov eax, dword ptr [rdi]", "dword ptr [rdi], r8d", $addr, $operand, $flags),
            _ => compute!($op, "mov rax, qword ptr [rdi]", "qword ptr [rdi], r8", $addr, $operand, $flags),
        }
    };
}

/// Replaces a value by `OP` of it and `operand`, and returns the former value.
///
/// `xchg` with memory locks without the prefix (SDM vol. 2, XCHG). `and`, `or` and `xor` have no form that returns the
/// former value. Each locked instruction is a barrier, whatever ordering is asked for (SDM vol. 3, 8.2.3.9).
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn rmw<const SIZE: usize, const OP: u8, const ORDER: u8, F: InlineFlags>(
    addr: usize,
    operand: u64,
) -> (u64, usize) {
    let (_, value, status) = match (OP, SIZE) {
        (rmw_op::SWAP, 1) => exchange!("xchg byte ptr [rdi], cl", addr, 0_u64, operand, F),
        (rmw_op::SWAP, 2) => exchange!("xchg word ptr [rdi], cx", addr, 0_u64, operand, F),
        (rmw_op::SWAP, 4) => exchange!("xchg dword ptr [rdi], ecx", addr, 0_u64, operand, F),
        (rmw_op::SWAP, _) => exchange!("xchg qword ptr [rdi], rcx", addr, 0_u64, operand, F),
        (rmw_op::ADD, 1) => exchange!("lock xadd byte ptr [rdi], cl", addr, 0_u64, operand, F),
        (rmw_op::ADD, 2) => exchange!("lock xadd word ptr [rdi], cx", addr, 0_u64, operand, F),
        (rmw_op::ADD, 4) => exchange!("lock xadd dword ptr [rdi], ecx", addr, 0_u64, operand, F),
        (rmw_op::ADD, _) => exchange!("lock xadd qword ptr [rdi], rcx", addr, 0_u64, operand, F),
        (rmw_op::AND, _) => return compute_sized!("and", SIZE, addr, operand, F),
        (rmw_op::OR, _) => return compute_sized!("or", SIZE, addr, operand, F),
        _ => return compute_sized!("xor", SIZE, addr, operand, F),
    };
    (value, status)
}

/// Replaces a value by `new` if it is `expected`, and returns the former value.
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn compare_exchange<const SIZE: usize, const ORDER: u8, F: InlineFlags>(
    addr: usize,
    expected: u64,
    new: u64,
) -> (u64, usize) {
    let (value, _, status) = match SIZE {
        1 => exchange!("lock cmpxchg byte ptr [rdi], cl", addr, expected, new, F),
        2 => exchange!("lock cmpxchg word ptr [rdi], cx", addr, expected, new, F),
        4 => exchange!("lock cmpxchg dword ptr [rdi], ecx", addr, expected, new, F),
        _ => exchange!("lock cmpxchg qword ptr [rdi], rcx", addr, expected, new, F),
    };
    (value, status)
}
