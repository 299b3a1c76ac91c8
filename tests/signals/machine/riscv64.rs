// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of riscv64.

/// The size of the load and of the store below, which are not compressed.
pub(crate) const FOREIGN_SIZE: usize = 4;

/// An address that cannot be translated is like one where nothing is mapped.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (1, true);

super::instructions! {
    load: ".option push\n.option norvc\nld a0, 0(a0)\n.option pop",
    store: ".option push\n.option norvc\nsd a1, 0(a0)\n.option pop",
    call: "jalr {}",
    system_call: "ecall",
    clear: "li a1, 0",
    |number, args| -> (status, cause) {
        in("a7") number,
        inout("a0") args[0] as isize => status,
        inout("a1") args[1] => cause,
        in("a2") args[2],
        in("a3") args[3],
    }
}
