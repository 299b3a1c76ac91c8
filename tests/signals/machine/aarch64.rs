// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of aarch64.

/// The size of the load and of the store below.
pub(crate) const FOREIGN_SIZE: usize = 4;

/// An address that cannot be translated is like one where nothing is mapped.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (1, true);

super::instructions! {
    load: "ldr x0, [x0]",
    store: "str x1, [x0]",
    call: "blr {}",
    system_call: "svc #0",
    clear: "mov x1, #0",
    |number, args| -> (status, cause) {
        in("x8") number,
        inout("x0") args[0] as isize => status,
        inout("x1") args[1] => cause,
        in("x2") args[2],
        in("x3") args[3],
    }
}
