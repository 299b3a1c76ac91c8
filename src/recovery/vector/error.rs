// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why the vector cannot be installed.

use core::fmt;

/// The vector cannot be put in front of this CPU's handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no former handler: the kernel must install its own first.
    NoHandler,
    /// This CPU's former handler differs from that of the CPUs before. The vector can pass on to one handler only.
    OtherHandler,
    /// The vector can pass on to one trap entry only, which it knows by its symbol (riscv64 `trap_vector_base`, aarch64
    /// `exception_vector_base`: axcpu's). This CPU's entry is another one: call [`recover`](crate::trap::recover) there.
    UnknownHandler,
    /// aarch64: the kernel runs at an exception level whose registers the vector does not use: EL2 without
    /// HCR_EL2.E2H, or EL3. Call [`recover`](crate::trap::recover) in the kernel's own trap handler.
    WrongLevel,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHandler => "the kernel has no fault handler to put the vector in front of",
            Self::OtherHandler => "this CPU's fault handler is not the one of the CPUs before",
            Self::UnknownHandler => {
                "the vector cannot pass on to this kernel's trap entry: call `axptr::trap::recover` there instead"
            }
            Self::WrongLevel => {
                "the vector does not work at this exception level: call `axptr::trap::recover` in the trap handler instead"
            }
        })
    }
}

impl core::error::Error for InstallError {}
