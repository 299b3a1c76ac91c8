// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of x86_64.

/// The size of the load and of the store below.
pub(crate) const FOREIGN_SIZE: usize = 3;

/// An address that cannot be translated is a #GP, which tells no address.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (libc::SI_KERNEL, false);

super::instructions! {
    load: "mov rax, qword ptr [rdi]",
    store: "mov qword ptr [rdi], rsi",
    call: "call {}",
    system_call: "syscall",
    clear: "xor edx, edx",
    |number, args| -> (status, cause) {
        inout("rax") number as isize => status,
        in("rdi") args[0],
        inout("rsi") args[1] => _,
        inout("rdx") args[2] => cause,
        in("r10") args[3],
        out("rcx") _,
        out("r11") _,
    }
}
