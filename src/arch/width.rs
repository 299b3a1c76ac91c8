// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses whose upper bits repeat one of the lower ones: what a machine can translate.

/// The sign extension of the low `bits` of an address. With 0, which is no number of bits, or with 64 and more it is the
/// address itself.
#[inline]
pub(crate) const fn sign_extension(addr: usize, bits: u32) -> usize {
    let unused = if bits == 0 { 0 } else { usize::BITS.saturating_sub(bits) };
    ((addr << unused) as isize >> unused) as usize
}

/// Whether an address is the sign extension of its low `bits`.
#[inline]
pub(crate) const fn is_sign_extension(addr: usize, bits: u32) -> bool {
    sign_extension(addr, bits) == addr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_the_halves_is_no_sign_extension() {
        for bits in [1, 2, 39, 48, 49, 53, 57, 63] {
            let half = 1 << (bits - 1);
            let upper = usize::MAX << (bits - 1);
            for addr in [0, half - 1, upper, usize::MAX] {
                assert!(is_sign_extension(addr, bits), "{addr:#x} of {bits} bits");
                assert_eq!(sign_extension(addr, bits), addr);
            }
            for addr in [half, upper - 1] {
                assert!(!is_sign_extension(addr, bits), "{addr:#x} of {bits} bits");
            }
            assert_eq!(sign_extension(half, bits), upper);
            assert_eq!(sign_extension(upper - 1, bits), half - 1);
        }
    }

    #[test]
    fn what_is_no_number_of_bits_changes_nothing() {
        for bits in [0, 64, 65, u32::MAX] {
            for addr in [0, 1, 1 << 63, usize::MAX >> 1, usize::MAX] {
                assert!(is_sign_extension(addr, bits), "{addr:#x} of {bits} bits");
            }
        }
    }
}
