// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of at most 64 bytes whose size the compiler knows: loads and stores where they are used, each with its
//! entry in the table.
//!
//! A size is the sum of powers of two: of words four at a time, then two, then one, then of 4 bytes, 2 and 1. Each
//! part answers with a status, and the first that is not 0 ends it. As with `single`, what an exact answer needs
//! beyond that lies out of line, and so does the whole copy where words have to be aligned and are not.

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

/// What travels in registers.
const MOST: usize = 64;
const WORD: usize = size_of::<u64>();
type Words = [u64; MOST / WORD];

/// What is done in parts of two and of four words.
const TWO: usize = 2 * WORD;
const FOUR: usize = 4 * WORD;

/// Whether a type is read and written where it is used, by more than one instruction.
#[inline(always)]
pub(crate) const fn is_fixed<T>() -> bool {
    1 <= size_of::<T>() && size_of::<T>() <= MOST && !single::is_single::<T>()
}

/// Whether that pays where the value is returned.
///
/// A `Result` puts a value that is aligned to less than a word elsewhere than at a word. So the compiler takes its
/// words apart through memory, reads back what it has stored in other pieces, and the CPU waits for that: longer
/// than for a call, from the third word on.
#[inline(always)]
pub(crate) const fn is_returned<T>() -> bool {
    is_fixed::<T>() && (align_of::<T>() >= WORD || size_of::<T>() <= TWO)
}

/// Reads a value for which [`is_fixed`] says yes.
#[inline(always)]
pub(crate) fn read<T: AnyBitPattern, C: Context>(addr: usize) -> Result<T, Fault> {
    read_words::<T, C, _, _>(
        addr,
        (),
        |(), words| value_of(&words),
        |(), rest| rest.words::<C>().map(|words| value_of(&words)),
    )
}

/// Reads such a value into `value`; a fault leaves what is behind its first `done` bytes as it was.
#[inline(always)]
pub(crate) fn read_into<T: AnyBitPattern, C: Context>(addr: usize, value: &mut T) -> Result<(), Fault> {
    read_words::<T, C, _, _>(
        addr,
        value,
        |value, words| *value = value_of(&words),
        |value, rest| {
            // Not where `value` is: it may live in registers, as long as nobody asks for its address.
            let mut copy = *value;
            // SAFETY: (1) `copy` is as large as a `T`, which may be any bytes.
            let outcome = unsafe { rest.read::<C>(ptr::from_mut(&mut copy).cast()) };
            *value = copy;
            outcome
        },
    )
}

/// A value to be read out of line.
struct Rest {
    range: UserRange,
    /// What the loads have answered; 0 if there were none.
    status: usize,
}

impl Rest {
    /// The bytes of the value after all, or the exact fault.
    #[cold]
    #[inline(never)]
    fn words<C: Context>(self) -> Result<Words, Fault> {
        let mut words = [0; MOST / WORD];
        // SAFETY: (1) the range is that of a value of at most as many bytes.
        unsafe { self.read::<C>(words.as_mut_ptr().cast()) }?;
        Ok(words)
    }

    /// The exact fault, with what comes before it read to `dst`; or all is read after all.
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

/// Loads the bytes of such a value for `done`; what stands behind them is arbitrary. Where that is not possible, or
/// faults, `otherwise` goes on. `place` is for the one that is called.
///
/// Each has a place of its own: were the paths one before it, the words would meet in memory.
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
    // (2) the start is the address, or 0: asked of the address, so that the compiler learns nothing of the mask's answer
    // and adds to it as the audit follows.
    let (words, status) = unsafe { load::<T, C>(start) };
    single::close_window(window);
    if status == 0 {
        return Ok(done(place, words));
    }
    otherwise(place, Rest { range, status })
}

/// The value whose bytes are the first of `words`.
///
/// No assertion in a `const`: this is compiled for larger types too, on the path that they do not take.
#[inline(always)]
fn value_of<T: AnyBitPattern>(words: &Words) -> T {
    assert!(size_of::<T>() <= MOST);
    // SAFETY: a `T` is no larger, and may be any bytes.
    unsafe { mem::transmute_copy(words) }
}

/// Writes a value for which [`is_fixed`] says yes.
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

/// Loads a value's bytes.
///
/// # Safety
///
/// 1. The bytes at `start` are user memory, or cannot be translated; the window is open.
/// 2. `start` is aligned to a word, or words may be loaded from anywhere.
#[inline(always)]
unsafe fn load<T, C: Context>(start: usize) -> (Words, usize) {
    let size = size_of::<T>();
    let mut words = [0; MOST / WORD];
    // The value's bytes from `at` on, so many of them at least.
    macro_rules! part {
        ($at:expr, |$addr:ident| $load:expr, |$value:ident, $index:ident| $put:expr) => {{
            let at = $at;
            let $addr = start.wrapping_add(at);
            // SAFETY: (1), (2) are ours: it is a part of the value, and what is behind it is smaller.
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

/// Stores a value's bytes, in ascending order. The status says how many have been stored: see [`STORED`].
///
/// # Safety
///
/// 1. The bytes at `start` are user memory, or cannot be translated; the window is open.
/// 2. `start` is aligned to a word, or words may be stored anywhere.
#[inline(always)]
unsafe fn store<T, C: Context>(start: usize, bytes: &[u8]) -> usize {
    let size = size_of::<T>();
    macro_rules! part {
        ($at:expr, |$addr:ident, $index:ident| $store:expr) => {{
            let $index = $at;
            let $addr = start.wrapping_add($index);
            // SAFETY: (1), (2) are ours: it is a part of the value, and what is behind it is smaller.
            let status = unsafe { $store };
            if status != 0 {
                // What a part says is less than where it starts is aligned to.
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

/// The `N` bytes from `at` on. (No slice is copied: hardly optimised, that is a call between two accesses.)
#[inline(always)]
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().expect("a part lies inside of the value")
}

/// What became of a store that faulted: the exact fault, with what comes before it written; or all is written
/// after all. What has been written already is not written again.
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
