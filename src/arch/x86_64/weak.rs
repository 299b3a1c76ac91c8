// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses of symbols that need not be there, on x86_64.

/// The address of a symbol, or 0 if it is in no image that the linker or the loader sees. It is looked for from the image
/// that this is expanded in.
///
/// The address comes from the global offset table: the loader fills it, and 0 is in nobody's reach otherwise.
macro_rules! weak_address {
    ($symbol:literal) => {{
        let address: usize;
        // SAFETY: reads what the linker or the loader has written.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $symbol),
                concat!("mov {address}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                address = out(reg) address,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        address
    }};
}
pub(crate) use weak_address;
