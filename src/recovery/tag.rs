// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tagged user addresses: the top bits of a pointer, which the machine ignores and user space uses for itself.

#[cfg(feature = "untag")]
use core::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::arch;

/// How many bits each user address has for a tag. A kernel sets it once; 0 until then.
#[cfg(feature = "untag")]
static TAG_BITS: AtomicU32 = AtomicU32::new(0);

/// Says that the top `bits` bits of each user address are a tag, for all CPUs (feature `untag`).
///
/// From then on each function that checks a user address first replaces the tag by copies of the bit below it, as
/// [`untag`] does, and accesses the address without the tag. That is what the machine does with a pointer of user mode, so
/// a system call takes the pointers that user code can use. An address of the kernel half stays one, and is refused.
/// The addresses in [`Fault`](crate::Fault), [`UserRange`](crate::UserRange) and for the pager have no tag.
///
/// | machine | `bits` |
/// |---|---|
/// | aarch64, top byte ignored (TCR_EL1.TBI0) | 8 |
/// | x86_64, LAM_U57 | 7: six bits of tag, and bit 63, which says whose address it is and is no tag |
/// | x86_64, LAM_U48 | 16: in the same way |
/// | riscv64, pointer masking (Ssnpm) | 7 or 16: PMLEN |
///
/// Call it at boot, beside [`set_user_limit`](crate::set_user_limit), and only if the machine ignores these bits in user
/// mode. 0, the default, means that no bit is a tag: then an address with a tag is refused. If only some processes may tag
/// their pointers (Linux: `PR_SET_TAGGED_ADDR_CTRL`), leave it at 0, and [`untag`] the arguments of those.
///
/// - An offset that is added to a pointer may run through the address into the tag. The tag is removed afterwards, so
///   check offsets that user space chose, as [`UserPtr::slice`](crate::UserPtr::slice) does.
/// - Memory tags (aarch64 MTE) are not checked: an address without its tag has tag 0. So a kernel sets PSTATE.TCO around
///   the accesses, or leaves its own tag checks of user memory off. To have the tags checked, it hands tagged addresses to
///   [`raw`](crate::raw), which takes them as they are.
/// - [`raw`](crate::raw) and [`probe`](crate::probe) change no address.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// use axptr::{FaultKind, UserConstPtr};
///
/// static VALUE: u32 = 42;
/// let addr = (&raw const VALUE).addr();
/// let tagged = UserConstPtr::<u32>::from(addr | 0x5a << 56);
/// assert_eq!(tagged.read().unwrap_err().kind, FaultKind::OutOfRange);
/// axptr::set_tag_bits(8)?;
/// assert_eq!(tagged.read(), Ok(42));
/// # Ok::<(), axptr::TooManyTagBits>(())
/// ```
///
/// # Errors
///
/// [`TooManyTagBits`] if `bits` is more than 16. Nothing is changed then.
#[cfg(feature = "untag")]
pub fn set_tag_bits(bits: u32) -> Result<(), TooManyTagBits> {
    const MOST: u32 = 16;
    if bits > MOST {
        return Err(TooManyTagBits);
    }
    TAG_BITS.store(bits, Ordering::Relaxed);
    Ok(())
}

/// Returns how many bits [`set_tag_bits`] has made a tag.
#[cfg(feature = "untag")]
#[inline]
#[must_use]
pub fn tag_bits() -> u32 {
    TAG_BITS.load(Ordering::Relaxed)
}

/// No machine ignores so many bits of an address: at most 16 can be a tag.
#[cfg(feature = "untag")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooManyTagBits;

#[cfg(feature = "untag")]
impl fmt::Display for TooManyTagBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("at most 16 bits of a user address can be a tag")
    }
}

#[cfg(feature = "untag")]
impl core::error::Error for TooManyTagBits {}

/// Returns an address with its top `bits` bits replaced by copies of the bit below them.
///
/// An address of the user half then has no tag. An address of the kernel half stays in the kernel half. On x86_64 bit 63 is
/// no tag: an address that has it set is returned as it is. With 0 bits, or with 64 or more, each address is.
///
/// This is for a kernel that decides for each call whether the pointer may have a tag. To have it done everywhere, use the
/// feature `untag`: `set_tag_bits`.
///
/// ```
/// use axptr::untag;
///
/// assert_eq!(untag(0x5a00_7fff_1234_5678, 8), 0x7fff_1234_5678);
/// assert_eq!(untag(0x5aff_8000_1234_5678, 8), 0xffff_8000_1234_5678); // the kernel's
/// assert_eq!(untag(0x5a00_7fff_1234_5678, 0), 0x5a00_7fff_1234_5678);
/// ```
#[inline]
#[must_use]
pub const fn untag(addr: usize, bits: u32) -> usize {
    if bits < usize::BITS { without_tag(addr, bits) } else { addr }
}

/// The same for fewer than 64 bits.
#[inline(always)]
const fn without_tag(addr: usize, bits: u32) -> usize {
    let is_signed = (addr as isize) < 0;
    if is_signed && !arch::TOP_BIT_IS_TAG {
        return addr;
    }
    (addr.wrapping_shl(bits) as isize).wrapping_shr(bits) as usize
}

/// The address that a check judges and an access uses.
#[cfg(feature = "untag")]
#[inline(always)]
pub(crate) fn untagged(addr: usize) -> usize {
    without_tag(addr, tag_bits())
}

/// The address that a check judges and an access uses: without the feature, the address itself.
#[cfg(not(feature = "untag"))]
#[inline(always)]
pub(crate) const fn untagged(addr: usize) -> usize {
    addr
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the address means: bits below the tag, as a number with the sign of the topmost of them.
    fn meaning(addr: usize, bits: u32) -> i128 {
        let modulus = 1_i128 << (usize::BITS - bits);
        let low = addr as i128 % modulus;
        if low < modulus / 2 { low } else { low - modulus }
    }

    const LOW: [usize; 6] = [0, 1, 0x1000, 0x3fff_ffff_ffff, 0x7fff_ffff_ffff, 0xf_1234_5678];

    #[test]
    fn an_address_keeps_its_meaning_and_loses_its_tag() {
        for bits in 1..=16 {
            for low in LOW {
                for tag in [0, 1, 0x2a, 0x7f, 0x1555, 0x7fff] {
                    let tag: usize = tag << (usize::BITS - bits) & usize::MAX >> 1;
                    for addr in [low | tag, low | tag | 1 << (usize::BITS - 1 - bits)] {
                        let untagged = untag(addr, bits);
                        assert_eq!(untagged as isize as i128, meaning(addr, bits), "{addr:#x} of {bits}");
                        assert_eq!(untag(untagged, bits), untagged, "{addr:#x} of {bits}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_kernels_half_stays_the_kernels() {
        for bits in 0..=16 {
            for low in LOW {
                // All bits from bit 47 on are set, as in every width; and then the tag is another.
                let kernel = usize::MAX << 47 | low;
                assert_eq!(untag(kernel, bits), kernel);
                let tagged = if bits == 0 { kernel } else { kernel & usize::MAX >> bits };
                assert!(untag(tagged, bits) > usize::MAX >> 1, "{tagged:#x} of {bits}");
            }
        }
    }

    #[test]
    fn the_top_bit_is_a_tag_or_the_kernels() {
        let addr = 1 << 63 | 0x1234;
        let expected = if arch::TOP_BIT_IS_TAG { 0x1234 } else { addr };
        assert_eq!((untag(addr, 7), untag(addr, 16)), (expected, expected));
    }

    #[test]
    fn what_is_no_tag_changes_nothing() {
        for bits in [0, 64, 65, u32::MAX] {
            for addr in [0, 1, 1 << 63, usize::MAX >> 1, usize::MAX] {
                assert_eq!(untag(addr, bits), addr);
            }
        }
    }

    #[cfg(feature = "untag")]
    #[test]
    fn no_more_than_16_bits_are_taken() {
        for bits in [17, 64, u32::MAX] {
            assert_eq!((set_tag_bits(bits), tag_bits()), (Err(TooManyTagBits), 0));
        }
    }
}
