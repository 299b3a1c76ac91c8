// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of loongarch64.

/// The size of the load and of the store below.
pub(crate) const FOREIGN_SIZE: usize = 4;

/// An address that cannot be translated is like one where nothing is mapped.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (1, true);

super::instructions! {
    load: "ld.d $a0, $a0, 0",
    store: "st.d $a1, $a0, 0",
    call: "jirl $ra, {}, 0",
    system_call: "syscall 0",
    clear: "move $a1, $zero",
    |number, args| -> (status, cause) {
        in("$a7") number,
        inout("$a0") args[0] as isize => status,
        inout("$a1") args[1] => cause,
        in("$a2") args[2],
        in("$a3") args[3],
        // A system call changes the temporary registers.
        out("$t0") _, out("$t1") _, out("$t2") _, out("$t3") _, out("$t4") _,
        out("$t5") _, out("$t6") _, out("$t7") _, out("$t8") _,
    }
}
