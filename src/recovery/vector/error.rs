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
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHandler => "the kernel has no fault handler to put the vector in front of",
            Self::OtherHandler => "this CPU's fault handler is not the one of the CPUs before",
        })
    }
}

impl core::error::Error for InstallError {}
