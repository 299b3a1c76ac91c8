// SPDX-License-Identifier: MIT OR Apache-2.0
//! Entries with landings at a distance, for the machine that the compiler is asked for. `tests/link.rs` only has it
//! assembled, with the macros of the library itself, and without a `core` for that machine.

#![feature(no_core, lang_items, rustc_attrs, decl_macro)]
#![allow(internal_features)]
#![no_core]
#![crate_type = "lib"]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[rustc_builtin_macro]
macro global_asm() {}
#[rustc_builtin_macro]
macro concat() {}

#[macro_use]
#[path = "SOURCES/src/arch/ax_cpu.rs"]
mod ax_cpu;
#[path = "SOURCES/src/arch/entry.rs"]
mod entry;
#[path = "SOURCES/src/extable/macros.rs"]
mod macros;

#[cfg(by = "ex_entry")]
global_asm!(
    ".pushsection .text.far, \"ax\", @progbits",
    ".ifc BACKWARDS, yes\n3:\n.fill BYTES, 1, 0\n.endif",
    "2:",
    "BETWEEN",
    ".ifc BACKWARDS, no\n.fill BYTES, 1, 0\n3:\n.endif",
    ex_entry!("2b", "3b", read),
    ".popsection",
);

#[cfg(by = "axptr_access")]
global_asm!(
    r#"ACCESS"#,
    ".set AXPTR_R, 1",
    ".set AXPTR_NOFAULT, 8",
    ".set AXPTR_AX_CPU, 0",
    ".pushsection .text.axptr_far, \"ax\", @progbits",
    ".ifc BACKWARDS, yes\n3:\n.fill BYTES, 1, 0\n.endif",
    ".ifc BACKWARDS, yes\naxptr_access far, AXPTR_R, 3b, BETWEEN\n.endif",
    ".ifc BACKWARDS, no\naxptr_access far, AXPTR_R, 3f, BETWEEN\n.fill BYTES, 1, 0\n3:\n.endif",
    ".popsection",
    options(raw),
);
