// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and writes values of at most 64 bytes whose size the compiler knows. Each load and store is inlined and has
//! its entry in the exception table.
//!
//! A size is a sum of powers of two. The code takes four words at a time, then two words, one word, 4 bytes, 2 bytes,
//! and 1 byte. Each part returns a status. The first status that is not 0 ends the access.
//!
//! The work for an exact fault lies out of line, as in `single`. So does the whole copy if words must be aligned and
//! are not.

use core::{mem, ptr};

use crate::{
    access::{
        context::Context,
        copy,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
        single,
    },
    arch::{inline, shape::STORED},
    extable::cause::{Access, Cause},
    recovery::flag,
};

/// The size of the largest value that is kept in registers.
const MOST: usize = 64;
const WORD: usize = size_of::<u64>();
type Words = [u64; MOST / WORD];

/// The sizes of the parts of two and of four words.
const TWO: usize = 2 * WORD;
const FOUR: usize = 4 * WORD;

/// Says whether a value of the type is accessed inline, by more than one instruction.
#[inline(always)]
pub(crate) const fn is_fixed<T>() -> bool {
    1 <= size_of::<T>() && size_of::<T>() <= MOST && !single::is_single::<T>()
}

/// Says whether inlining pays also if the value is returned.
///
/// A `Result` does not place a value with less than word alignment at a word's address. So the compiler stores the
/// value's words in memory and reads them back in other pieces. The CPU has to wait for these loads. From the third
/// word on, that takes longer than a call.
#[inline(always)]
pub(crate) const fn is_returned<T>() -> bool {
    is_fixed::<T>() && (align_of::<T>() >= WORD || size_of::<T>() <= TWO)
}

/// Reads a value of a type for which [`is_fixed`] is true.
#[inline(always)]
pub(crate) fn read<T: AnyBitPattern, C: Context>(addr: usize) -> Result<T, Fault> {
    read_words::<T, C, _, _>(
        addr,
        (),
        |(), words| value_of(&words),
        |(), rest| rest.words::<C>().map(|words| value_of(&words)),
    )
}

/// Reads such a value into `value`. After a fault, only its first `done` bytes have changed.
#[inline(always)]
pub(crate) fn read_into<T: AnyBitPattern, C: Context>(addr: usize, value: &mut T) -> Result<(), Fault> {
    read_words::<T, C, _, _>(
        addr,
        value,
        |value, words| *value = value_of(&words),
        |value, rest| {
            // Read into a copy: `value` may stay in registers only if nothing takes its address.
            let mut copy = *value;
            // SAFETY: (1) `copy` is as large as a `T`, which may be any bytes.
            let outcome = unsafe { rest.read::<C>(ptr::from_mut(&mut copy).cast()) };
            *value = copy;
            outcome
        },
    )
}

/// A value that has to be read out of line.
struct Rest {
    range: UserRange,
    /// The status of the inlined loads, or 0 if there were none.
    status: usize,
}

impl Rest {
    /// Returns the bytes of the value if they are readable now, else the exact fault.
    #[cold]
    #[inline(never)]
    fn words<C: Context>(self) -> Result<Words, Fault> {
        let mut words = [0; MOST / WORD];
        // SAFETY: (1) the range is a value's, which has at most as many bytes as `words`.
        unsafe { self.read::<C>(words.as_mut_ptr().cast()) }?;
        Ok(words)
    }

    /// Reads the bytes to `dst`. If one is not readable, returns the exact fault; the bytes before it are in `dst`.
    ///
    /// # Safety
    ///
    /// 1. `dst` is valid for writes of the range's bytes.
    #[inline(always)]
    unsafe fn read<C: Context>(self, dst: *mut u8) -> Result<(), Fault> {
        // SAFETY: (1) is ours.
        unsafe { single::read_rest::<C>(self.range, self.status, dst) }
    }
}

/// Loads the bytes of such a value and passes them to `done`. The bytes after the value are arbitrary.
///
/// If words cannot be loaded from this address, or if a load faults, it calls `otherwise` instead. The function that
/// is called gets `place`.
///
/// The two functions store their results separately. If their paths joined before that, the compiler would pass the
/// words through memory.
#[inline(always)]
fn read_words<T, C: Context, P, R>(
    addr: usize,
    place: P,
    done: impl FnOnce(P, Words) -> R,
    otherwise: impl FnOnce(P, Rest) -> Result<R, Fault>,
) -> Result<R, Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Read));
    };
    if !(inline::LOADS_WORDS_ANYWHERE || addr.is_multiple_of(WORD)) {
        return otherwise(place, Rest { range, status: 0 });
    }
    let _accessing = flag::enter();
    let window = single::open_window();
    // SAFETY: (1) the range lies in the user half, which holds no kernel memory; the window is open.
    // (2) `start` is `addr` or 0. The check above asks `addr`, not `start`: so the compiler learns nothing about the
    // masked value, and adds to it in a way that the audit can follow.
    let (words, status) = unsafe { load::<T, C>(start) };
    single::close_window(window);
    if status == 0 {
        return Ok(done(place, words));
    }
    otherwise(place, Rest { range, status })
}

/// Makes a value of the first bytes of `words`.
///
/// The assertion is not in a `const` block. Larger types compile this function, too, on a path that they never take.
#[inline(always)]
fn value_of<T: AnyBitPattern>(words: &Words) -> T {
    assert!(size_of::<T>() <= MOST);
    // SAFETY: a `T` is no larger than `words`, and any bytes are a `T`.
    unsafe { mem::transmute_copy(words) }
}

/// Writes a value of a type for which [`is_fixed`] is true.
#[inline(always)]
pub(crate) fn write<T: NoUninit, C: Context>(addr: usize, value: &T) -> Result<(), Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Write));
    };
    let bytes = bytemuck::bytes_of(value);
    if !(inline::STORES_WORDS_ANYWHERE || addr.is_multiple_of(WORD)) {
        return write_out_of_line::<C>(range, bytes);
    }
    let _accessing = flag::enter();
    let window = single::open_window();
    // SAFETY: (1) the range lies in the user half, which holds no kernel memory; the window is open.
    // (2) as in `read_words`.
    let status = unsafe { store::<T, C>(start, bytes) };
    single::close_window(window);
    if status == 0 { Ok(()) } else { write_again::<C>(range, bytes, status) }
}

/// Loads a value's bytes. Returns them and a status.
///
/// # Safety
///
/// 1. The bytes at `start` are user memory, or cannot be translated; the window is open.
/// 2. `start` is aligned to a word, or this machine loads words from any address.
#[inline(always)]
unsafe fn load<T, C: Context>(start: usize) -> (Words, usize) {
    let size = size_of::<T>();
    let mut words = [0; MOST / WORD];
    // Loads the part that begins at byte `at`.
    macro_rules! part {
        ($at:expr, |$addr:ident| $load:expr, |$value:ident, $index:ident| $put:expr) => {{
            let at = $at;
            let $addr = start.wrapping_add(at);
            // SAFETY: (1), (2) are ours: the part lies in the value, and `at` is a multiple of its size.
            let ($value, status) = unsafe { $load };
            if status != 0 {
                return (words, status);
            }
            let $index = at / WORD;
            $put;
        }};
    }
    if size >= FOUR {
        part!(0, |addr| inline::load_four::<C>(addr), |four, index| words[index..][..4]
            .copy_from_slice(&four));
    }
    if size == MOST {
        part!(FOUR, |addr| inline::load_four::<C>(addr), |four, index| words[index..][..4]
            .copy_from_slice(&four));
    }
    if size & TWO != 0 {
        let at = size & !(2 * TWO - 1);
        part!(at, |addr| inline::load_two::<C>(addr), |two, index| words[index..][..2].copy_from_slice(&two));
    }
    if size & WORD != 0 {
        let at = size & !(2 * WORD - 1);
        part!(at, |addr| inline::load::<8, C>(addr), |word, index| words[index] = word);
    }
    if size & 4 != 0 {
        let at = size & !7;
        part!(at, |addr| inline::load::<4, C>(addr), |bits, index| words[index] = bits & 0xffff_ffff);
    }
    if size & 2 != 0 {
        let at = size & !3;
        let shift = at % WORD * 8;
        part!(at, |addr| inline::load::<2, C>(addr), |bits, index| words[index] |= (bits & 0xffff) << shift);
    }
    if size & 1 != 0 {
        let at = size & !1;
        let shift = at % WORD * 8;
        part!(at, |addr| inline::load::<1, C>(addr), |bits, index| words[index] |= (bits & 0xff) << shift);
    }
    (words, 0)
}

/// Stores a value's bytes in ascending order. The status also says how many bytes were stored: see [`STORED`].
///
/// # Safety
///
/// 1. The bytes at `start` are user memory, or cannot be translated; the window is open.
/// 2. `start` is aligned to a word, or this machine stores words to any address.
#[inline(always)]
unsafe fn store<T, C: Context>(start: usize, bytes: &[u8]) -> usize {
    let size = size_of::<T>();
    macro_rules! part {
        ($at:expr, |$addr:ident, $index:ident| $store:expr) => {{
            let $index = $at;
            let $addr = start.wrapping_add($index);
            // SAFETY: (1), (2) are ours: the part lies in the value, and `at` is a multiple of its size.
            let status = unsafe { $store };
            if status != 0 {
                // A part stores fewer bytes than its size before it faults, and `$index` is a multiple of that size.
                // So `|` adds the two counts.
                return status | $index << STORED;
            }
        }};
    }
    let word = |at: usize| u64::from_le_bytes(array(bytes, at));
    let two = |at: usize| [word(at), word(at + WORD)];
    let four = |at: usize| [word(at), word(at + WORD), word(at + 2 * WORD), word(at + 3 * WORD)];
    if size >= FOUR {
        part!(0, |addr, at| inline::store_four::<C>(addr, four(at)));
    }
    if size == MOST {
        part!(FOUR, |addr, at| inline::store_four::<C>(addr, four(at)));
    }
    if size & TWO != 0 {
        part!(size & !(2 * TWO - 1), |addr, at| inline::store_two::<C>(addr, two(at)));
    }
    if size & WORD != 0 {
        part!(size & !(2 * WORD - 1), |addr, at| inline::store::<8, C>(addr, word(at)));
    }
    if size & 4 != 0 {
        let bits = |at| u32::from_le_bytes(array(bytes, at)).into();
        part!(size & !7, |addr, at| inline::store::<4, C>(addr, bits(at)));
    }
    if size & 2 != 0 {
        let bits = |at| u16::from_le_bytes(array(bytes, at)).into();
        part!(size & !3, |addr, at| inline::store::<2, C>(addr, bits(at)));
    }
    if size & 1 != 0 {
        part!(size & !1, |addr, at| inline::store::<1, C>(addr, bytes[at].into()));
    }
    0
}

/// Returns the `N` bytes from `at` on.
///
/// It copies no slice: with little optimisation, that would be a call between two accesses.
#[inline(always)]
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().expect("a part lies inside of the value")
}

/// Finishes a store that faulted. It writes the bytes before the fault and returns the exact fault, or `Ok` if all
/// bytes are writable now. It does not write again what was stored already.
#[cold]
#[inline(never)]
fn write_again<C: Context>(range: UserRange, bytes: &[u8], status: usize) -> Result<(), Fault> {
    let kind = Cause::from_register(status).kind();
    let stored = (status >> STORED).min(range.len());
    let rest = range.split_at(stored).1;
    let possible = single::possible(rest, kind);
    let outcome = write_out_of_line::<C>(possible, &bytes[stored..])
        .and_then(|()| single::stopped(rest, possible, Access::Write, kind).map_or(Ok(()), Err));
    outcome.map_err(|fault| fault.after(stored))
}

/// Writes the first of `bytes`, as many as the range has, by the routine.
#[inline(never)]
fn write_out_of_line<C: Context>(range: UserRange, bytes: &[u8]) -> Result<(), Fault> {
    copy::write_bytes::<C>(range.start(), &bytes[..range.len()])
}
