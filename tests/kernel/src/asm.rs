// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions of this kernel's own that are written in instructions.

/// A function of the lines that a machine gives, which return by `ret` behind the last.
///
/// With an access, the instruction at `2:` has an entry, and the landing is at `3:`. Operands of the lines stand behind a
/// semicolon.
macro_rules! function {
    ($name:ident $(, $access:ident)?: $($line:literal),+ $(,)? $(; $($operands:tt)+)?) => {
        core::arch::global_asm!(
            concat!(".pushsection .text.", stringify!($name), ", \"ax\", @progbits"),
            concat!(".global ", stringify!($name)),
            concat!(".type ", stringify!($name), ", @function"),
            concat!(stringify!($name), ":"),
            $($line,)+
            "ret",
            concat!(".size ", stringify!($name), ", . - ", stringify!($name)),
            $(axptr::ex_entry!("2b", "3b", $access),)?
            ".popsection",
            $($($operands)+)?
        );
    };
}
pub(crate) use function;
