// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is timed: axptr's copies, and what kernels do instead.
//!
//! All yardsticks but libc's have the range check that axptr has in front, so that the copies are compared and not the
//! checks. They mask nothing: that is a cycle or two in their favour.

use std::{arch::global_asm, ffi::c_void};

use axptr::{UserConstPtr, UserRange, unpredictable};

global_asm!(
    ".text",
    // The functions that use them may be compiled apart.
    ".globl bench_movsb, bench_words, bench_bytes, bench_string, bench_scan, bench_guarded, bench_stosb",
    // rdi destination, sil byte, rdx length.
    ".balign 64",
    "bench_stosb:",
    "mov rcx, rdx",
    "mov eax, esi",
    "rep stosb",
    "ret",
    // All others: rdi destination, rsi source, rdx length.
    ".balign 64",
    "bench_movsb:",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    // 8 bytes a turn, then the rest one by one.
    ".balign 64",
    "bench_words:",
    "cmp rdx, 8",
    "jb 3f",
    "2: mov rax, qword ptr [rsi]",
    "mov qword ptr [rdi], rax",
    "add rsi, 8",
    "add rdi, 8",
    "sub rdx, 8",
    "cmp rdx, 8",
    "jae 2b",
    "3: test rdx, rdx",
    "jz 5f",
    "4: mov al, byte ptr [rsi]",
    "mov byte ptr [rdi], al",
    "inc rsi",
    "inc rdi",
    "dec rdx",
    "jnz 4b",
    "5: ret",
    ".balign 64",
    "bench_bytes:",
    "test rdx, rdx",
    "jz 3f",
    "2: mov al, byte ptr [rsi]",
    "mov byte ptr [rdi], al",
    "inc rsi",
    "inc rdi",
    "dec rdx",
    "jnz 2b",
    "3: ret",
    // Stores up to and including the first 0; returns how many.
    ".balign 64",
    "bench_string:",
    "xor eax, eax",
    "2: cmp rax, rdx",
    "je 3f",
    "movzx ecx, byte ptr [rsi + rax]",
    "mov byte ptr [rdi + rax], cl",
    "inc rax",
    "test cl, cl",
    "jnz 2b",
    "3: ret",
    // The same without a destination: rdi string, rsi limit.
    ".balign 64",
    "bench_scan:",
    "xor eax, eax",
    "2: cmp rax, rsi",
    "je 3f",
    "cmp byte ptr [rdi + rax], 0",
    "je 3f",
    "inc rax",
    "jmp 2b",
    "3: ret",
    // A copy behind `sigsetjmp(buf, 1)`, as a program guards one that may fault. Nothing jumps back here.
    ".balign 64",
    "bench_guarded:",
    "push rbx",
    "push r12",
    "push r13",
    "sub rsp, 208",
    "mov rbx, rdi",
    "mov r12, rsi",
    "mov r13, rdx",
    "mov rdi, rsp",
    "mov esi, 1",
    "call qword ptr [rip + __sigsetjmp@GOTPCREL]",
    "mov rdi, rbx",
    "mov rsi, r12",
    "mov rcx, r13",
    "rep movsb",
    "add rsp, 208",
    "pop r13",
    "pop r12",
    "pop rbx",
    "ret",
);

unsafe extern "C" {
    fn bench_movsb(dst: *mut u8, src: usize, len: usize);
    fn bench_words(dst: *mut u8, src: usize, len: usize);
    fn bench_bytes(dst: *mut u8, src: usize, len: usize);
    fn bench_guarded(dst: *mut u8, src: usize, len: usize);
    fn bench_string(dst: *mut u8, src: usize, max: usize) -> usize;
    fn bench_scan(src: usize, limit: usize) -> usize;
    fn bench_stosb(dst: usize, byte: u8, len: usize);
}

/// One way to copy bytes from user memory that is there.
pub(super) trait Copy {
    const NAME: &'static str;
    /// Copies to all of `dst`.
    fn copy(dst: &mut [u8], src: usize);
}

/// Defines ways to copy: each a type with a name and a function.
macro_rules! ways {
    ($($(#[$doc:meta])* $way:ident = $name:literal, |$dst:ident, $src:ident| $copy:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $way;

        impl Copy for $way {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn copy($dst: &mut [u8], $src: usize) {
                $copy
            }
        }
    )+};
}

/// The range check, as axptr's functions have it.
#[inline(always)]
pub(super) fn checked(src: usize, len: usize) -> usize {
    UserRange::new(src, len).expect("the bench knows its memory").start()
}

ways! {
    /// The public function.
    Axptr = "axptr", |dst, src| axptr::copy_from_user(dst, src).expect("it is there");
    /// The public function for sizes that are not foreseen.
    Unpredictable = "axptr unpredictable", |dst, src| unpredictable::copy_from_user(dst, src).expect("it is there");
    /// The routine alone, behind the yardsticks' check.
    Raw = "axptr raw", |dst, src| {
        let src = checked(src, dst.len());
        // SAFETY: (1) the slice has that many bytes; (2) in a process all memory is user memory.
        let outcome = unsafe { axptr::raw::copy_from_user(dst.as_mut_ptr(), src, dst.len()) };
        assert_eq!(outcome.left(), 0, "it is there");
    };
    /// What ax-cpu and Asterinas do.
    Movsb = "rep movsb", |dst, src| {
        let src = checked(src, dst.len());
        // SAFETY: the slice has that many bytes, and so has the bench's memory at `src`.
        unsafe { bench_movsb(dst.as_mut_ptr(), src, dst.len()) }
    };
    /// A loop over 8 bytes.
    Words = "8-byte loop", |dst, src| {
        let src = checked(src, dst.len());
        // SAFETY: as above.
        unsafe { bench_words(dst.as_mut_ptr(), src, dst.len()) }
    };
    /// A loop over single bytes: what several kernels do.
    Bytes = "byte loop", |dst, src| {
        let src = checked(src, dst.len());
        // SAFETY: as above.
        unsafe { bench_bytes(dst.as_mut_ptr(), src, dst.len()) }
    };
    /// libc's, with vector registers: a kernel cannot have it.
    Memcpy = "memcpy", |dst, src| {
        let src = std::ptr::with_exposed_provenance::<c_void>(checked(src, dst.len()));
        // SAFETY: as above.
        unsafe { libc::memcpy(dst.as_mut_ptr().cast(), src, dst.len()) };
    };
    /// A value of 8 bytes, whose access is expanded here.
    Value = "axptr value", |dst, src| {
        let value = UserConstPtr::<u64>::from(src).read().expect("it is there");
        dst.copy_from_slice(&value.to_ne_bytes());
    };
    /// A copy behind `sigsetjmp`.
    Guarded = "sigsetjmp", |dst, src| {
        let src = checked(src, dst.len());
        // SAFETY: as above.
        unsafe { bench_guarded(dst.as_mut_ptr(), src, dst.len()) }
    };
    /// The kernel's own recoverable copy.
    VmReadv = "process_vm_readv", |dst, src| {
        let to = libc::iovec { iov_base: dst.as_mut_ptr().cast(), iov_len: dst.len() };
        let from = libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(src), iov_len: dst.len() };
        // SAFETY: asks for a number.
        let own = unsafe { libc::getpid() };
        // SAFETY: `to` is the slice; the kernel checks `from`.
        let copied = unsafe { libc::process_vm_readv(own, &raw const to, 1, &raw const from, 1, 0) };
        assert_eq!(copied, dst.len() as isize, "the kernel refuses");
    };
    /// The loop and the check around all of them.
    Nothing = "empty call", |dst, src| {
        std::hint::black_box((checked(src, dst.len()), dst.as_mut_ptr()));
    };
}

/// A byte loop's copy of a string.
pub(super) fn copy_string(dst: &mut [u8], src: usize) -> usize {
    let src = checked(src, dst.len());
    // SAFETY: the slice has that many bytes; the string in the bench's memory has an end.
    unsafe { bench_string(dst.as_mut_ptr(), src, dst.len()) }
}

/// What a kernel's fill is.
pub(super) fn fill(dst: usize, byte: u8, len: usize) {
    // SAFETY: the bench's memory, to which no reference is used.
    unsafe { bench_stosb(checked(dst, len), byte, len) };
}

/// A byte loop's length of a string.
pub(super) fn scan_string(src: usize, limit: usize) -> usize {
    // SAFETY: the string in the bench's memory has an end.
    unsafe { bench_scan(checked(src, limit), limit) }
}
