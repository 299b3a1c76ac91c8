// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a case fails: with a reason, and without a panic, which would end a kernel.

/// Leaves with a formatted reason unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(alloc::format!($($reason)+));
        }
    };
}

pub(crate) use ensure;
