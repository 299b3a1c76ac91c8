// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operations, in one shape: some bytes from somewhere to somewhere.

use std::{any::type_name, ptr};

use axptr::{
    AnyBitPattern, Fault, NoUninit, UserConstPtr, UserPtr,
    atomic::{AtomicError, AtomicValue},
    cstr::StringError,
    nofault, raw, unpredictable,
};

/// One call: addresses of either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) src: usize,
    pub(crate) dst: usize,
    pub(crate) len: usize,
}

/// Why a call did not do everything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// So much was done, and there it stopped.
    Fault { done: usize, addr: usize },
    /// It answered what it must not, whatever the pages do.
    Wrong(&'static str),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault { done: fault.done, addr: fault.addr }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    User,
    Kernel,
    /// The byte of a fill.
    Fill,
}

/// What stands in the target behind a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFault {
    /// The bytes that the fault says were done, and behind them what was there.
    Done,
    /// What was there: the value is returned, or there is none.
    Nothing,
    /// Of each byte the old one or the new one.
    Either,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) to_user: bool,
    /// The only length it has, if it has but one.
    pub(crate) size: Option<usize>,
    pub(crate) after_fault: AfterFault,
    /// The last byte of the source is a zero, and no other.
    pub(crate) is_string: bool,
    /// How both sides have to be aligned.
    pub(crate) align: usize,
    /// What comes to stand where `old` was, from `new`.
    pub(crate) combine: fn(old: u8, new: u8) -> u8,
    pub(crate) run: fn(Call) -> Result<(), Stop>,
}

/// The byte that fills are made of.
pub(crate) const FILL: u8 = 0x3e;

impl Operation {
    fn new(
        name: impl Into<String>,
        source: Source,
        to_user: bool,
        run: fn(Call) -> Result<(), Stop>,
    ) -> Self {
        Self {
            name: name.into(),
            source,
            to_user,
            size: None,
            after_fault: AfterFault::Done,
            is_string: false,
            align: 1,
            combine: |_, new| new,
            run,
        }
    }
}

impl Operation {
    /// Whether it is one of `as_cstr`: they work by blocks that values have none of.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_of_strings(&self) -> bool {
        self.name.starts_with("as_cstr")
    }
}

impl Call {
    /// The kernel's bytes that are read.
    fn source(&self) -> &[u8] {
        // SAFETY: the caller of the operation has so many bytes there, and nobody writes to them meanwhile.
        unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(self.src), self.len) }
    }

    /// The kernel's bytes that are written, and `more` behind them.
    #[expect(clippy::mut_from_ref, reason = "each operation asks once")]
    fn target(&self, more: usize) -> &mut [u8] {
        let start = ptr::with_exposed_provenance_mut(self.dst);
        // SAFETY: the caller of the operation has so many bytes there, and nobody else uses them meanwhile.
        unsafe { std::slice::from_raw_parts_mut(start, self.len + more) }
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Operation> {
    let mut list = routines();
    slices(&mut list);
    strings(&mut list);
    values(&mut list);
    atomics(&mut list);
    list
}

/// The copies and the fill.
pub(crate) fn routines() -> Vec<Operation> {
    use Source::{Fill, Kernel, User};
    let new = Operation::new;
    vec![
        new("copy_from_user", User, false, |c| Ok(axptr::copy_from_user(c.target(0), c.src)?)),
        new("copy_to_user", Kernel, true, |c| Ok(axptr::copy_to_user(c.dst, c.source())?)),
        new("copy_in_user", User, true, |c| Ok(axptr::copy_in_user(c.dst, c.src, c.len)?)),
        new("fill_user", Fill, true, |c| Ok(axptr::fill_user(c.dst, FILL, c.len)?)),
        new("nofault::copy_from_user", User, false, |c| Ok(nofault::copy_from_user(c.target(0), c.src)?)),
        new("nofault::copy_to_user", Kernel, true, |c| Ok(nofault::copy_to_user(c.dst, c.source())?)),
        new("nofault::copy_in_user", User, true, |c| Ok(nofault::copy_in_user(c.dst, c.src, c.len)?)),
        new("nofault::fill_user", Fill, true, |c| Ok(nofault::fill_user(c.dst, FILL, c.len)?)),
        new("unpredictable::copy_from_user", User, false, |c| {
            Ok(unpredictable::copy_from_user(c.target(0), c.src)?)
        }),
        new("unpredictable::copy_to_user", Kernel, true, |c| {
            Ok(unpredictable::copy_to_user(c.dst, c.source())?)
        }),
    ]
}

/// What differs in `slice` and `raw` from the functions above.
fn slices(list: &mut Vec<Operation>) {
    use Source::{Fill, Kernel, User};
    let new = Operation::new;
    list.extend([
        new("read_slice", User, false, |c| Ok(UserConstPtr::<u8>::from(c.src).read_slice(c.target(0))?)),
        new("write_slice", Kernel, true, |c| Ok(UserPtr::<u8>::from(c.dst).write_slice(c.source())?)),
        new("slice.read_into", User, false, |c| {
            let count = UserPtr::<u8>::from(c.src).nofault().slice(c.len)?.read_into(c.target(64))?;
            if count == c.len { Ok(()) } else { Err(Stop::Wrong("another number of elements")) }
        }),
        new("slice.write_from", Kernel, true, |c| {
            let count = UserPtr::<u8>::from(c.dst).nofault().slice(c.len + 64)?.write_from(c.source())?;
            if count == c.len { Ok(()) } else { Err(Stop::Wrong("another number of elements")) }
        }),
        new("slice.fill_bytes", Fill, true, |c| {
            Ok(UserPtr::<u8>::from(c.dst).slice(c.len)?.fill_bytes(FILL)?)
        }),
        new("raw::copy_from_user", User, false, |c| {
            // SAFETY: (1) so many bytes are there; (2) it is a mapping of the test's.
            let outcome = unsafe { raw::copy_from_user(c.target(0).as_mut_ptr(), c.src, c.len) };
            let done = c.len.checked_sub(outcome.left()).ok_or(Stop::Wrong("more is left than there was"))?;
            if done == c.len { Ok(()) } else { Err(Stop::Fault { done, addr: c.src + done }) }
        }),
    ]);
}

fn strings(list: &mut Vec<Operation>) {
    fn ended(call: Call, result: Result<usize, StringError>) -> Result<(), Stop> {
        match result {
            Ok(len) if len + 1 == call.len => Ok(()),
            Ok(_) => Err(Stop::Wrong("another length")),
            Err(StringError::Fault(fault)) => Err(fault.into()),
            Err(_) => Err(Stop::Wrong("no end")),
        }
    }
    fn cut_off(result: Result<usize, StringError>) -> Result<(), Stop> {
        match result {
            Err(StringError::TooLong) => Ok(()),
            Err(StringError::Fault(fault)) => Err(fault.into()),
            _ => Err(Stop::Wrong("an end")),
        }
    }
    let new = |name, run| Operation::new(name, Source::User, false, run);
    let string = |name, run| Operation { is_string: true, ..new(name, run) };
    // It stores nothing.
    let count =
        |name, run| Operation { after_fault: AfterFault::Nothing, combine: |old, _| old, ..new(name, run) };
    let length = |name, run| Operation { is_string: true, ..count(name, run) };
    list.extend([
        string("as_cstr.read", |c| {
            let text = UserConstPtr::<u8>::from(c.src).as_cstr();
            ended(c, text.read(c.target(64)).map(|text| text.count_bytes()))
        }),
        string("as_cstr.nofault.read", |c| {
            let text = UserConstPtr::<u8>::from(c.src).as_cstr().nofault();
            ended(c, text.read(c.target(64)).map(|text| text.count_bytes()))
        }),
        new("as_cstr.read, too long", |c| {
            let text = UserConstPtr::<u8>::from(c.src).as_cstr();
            cut_off(text.read(c.target(0)).map(|text| text.count_bytes()))
        }),
        new("as_cstr.nofault.read, too long", |c| {
            let text = UserConstPtr::<u8>::from(c.src).as_cstr().nofault();
            cut_off(text.read(c.target(0)).map(|text| text.count_bytes()))
        }),
        length("as_cstr.len", |c| ended(c, UserConstPtr::<u8>::from(c.src).as_cstr().len(c.len + 64))),
        length("as_cstr.nofault.len", |c| {
            ended(c, UserConstPtr::<u8>::from(c.src).as_cstr().nofault().len(c.len))
        }),
        count("as_cstr.len, too long", |c| cut_off(UserConstPtr::<u8>::from(c.src).as_cstr().len(c.len))),
    ]);
}

/// Bytes as a value of any size, aligned to one.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Bytes<const N: usize>([u8; N]);

// SAFETY: an array of bytes may be zeros.
unsafe impl<const N: usize> bytemuck::Zeroable for Bytes<N> {}
// SAFETY: an array of bytes may be any bytes.
unsafe impl<const N: usize> AnyBitPattern for Bytes<N> {}
// SAFETY: an array of bytes has no padding.
unsafe impl<const N: usize> NoUninit for Bytes<N> {}

fn values(list: &mut Vec<Operation>) {
    macro_rules! all {
        ($($type:ty),+) => {$(
            read::<$type>(list);
            write::<$type>(list);
            read_slice::<$type>(list);
        )+};
    }
    // Those that `read` and `read_into` do not compile for yet.
    macro_rules! all_but_reads {
        ($($type:ty),+) => {$(
            write::<$type>(list);
            read_slice::<$type>(list);
        )+};
    }
    all!(u8, u16, u32, u64, [u64; 2], [u64; 3], [u64; 4], [u64; 5], [u64; 6], [u64; 7], [u64; 8]);
    all!(Bytes<3>, Bytes<5>, Bytes<6>, Bytes<7>, Bytes<8>, Bytes<9>, [u32; 3], Bytes<12>, Bytes<15>);
    all!(Bytes<16>, Bytes<17>, Bytes<24>, Bytes<31>, Bytes<32>, Bytes<33>, Bytes<40>, Bytes<47>);
    all!(Bytes<48>, Bytes<56>, Bytes<63>, Bytes<64>);
    all_but_reads!(Bytes<65>, [u64; 9], Bytes<128>, [u64; 16], Bytes<300>, Bytes<1000>);
}

fn value<T: AnyBitPattern>(what: &str, source: Source, run: fn(Call) -> Result<(), Stop>) -> Operation {
    let name = type_name::<T>().replace("races::operations::", "");
    let operation = Operation::new(format!("{what}::<{name}>"), source, source == Source::Kernel, run);
    Operation { size: Some(size_of::<T>()), ..operation }
}

fn read<T: AnyBitPattern + NoUninit>(list: &mut Vec<Operation>) {
    let nothing = AfterFault::Nothing;
    let new = |what, after_fault, run| Operation { after_fault, ..value::<T>(what, Source::User, run) };
    list.extend([
        new("read", nothing, |c| {
            let value = UserConstPtr::<T>::from(c.src).read()?;
            c.target(0).copy_from_slice(bytemuck::bytes_of(&value));
            Ok(())
        }),
        new("nofault.read", nothing, |c| {
            let value = UserPtr::<T>::from(c.src).nofault().read()?;
            c.target(0).copy_from_slice(bytemuck::bytes_of(&value));
            Ok(())
        }),
        new("read_into", AfterFault::Either, |c| {
            let target = c.target(0);
            let mut value = bytemuck::pod_read_unaligned::<T>(target);
            let result = UserConstPtr::<T>::from(c.src).read_into(&mut value);
            target.copy_from_slice(bytemuck::bytes_of(&value));
            Ok(result?)
        }),
        new("nofault.read_into", AfterFault::Either, |c| {
            let target = c.target(0);
            let mut value = bytemuck::pod_read_unaligned::<T>(target);
            let result = UserPtr::<T>::from(c.src).nofault().read_into(&mut value);
            target.copy_from_slice(bytemuck::bytes_of(&value));
            Ok(result?)
        }),
    ]);
}

fn write<T: AnyBitPattern + NoUninit>(list: &mut Vec<Operation>) {
    list.push(value::<T>("write", Source::Kernel, |c| {
        Ok(UserPtr::<T>::from(c.dst).write(bytemuck::pod_read_unaligned(c.source()))?)
    }));
    list.push(value::<T>("nofault.write", Source::Kernel, |c| {
        Ok(UserPtr::<T>::from(c.dst).nofault().write(bytemuck::pod_read_unaligned(c.source()))?)
    }));
}

fn read_slice<T: AnyBitPattern + NoUninit>(list: &mut Vec<Operation>) {
    list.push(value::<T>("read_slice", Source::User, |c| {
        let target = c.target(0);
        let mut value = bytemuck::pod_read_unaligned::<T>(target);
        let result = UserConstPtr::<T>::from(c.src).read_slice(std::slice::from_mut(&mut value));
        target.copy_from_slice(bytemuck::bytes_of(&value));
        Ok(result?)
    }));
}

fn atomics(list: &mut Vec<Operation>) {
    atomic::<u8>(list);
    atomic::<u16>(list);
    atomic::<u32>(list);
    atomic::<u64>(list);
}

/// Tries until no interrupt is in the way.
fn patiently<R>(mut operation: impl FnMut() -> Result<R, AtomicError>) -> Result<R, Stop> {
    loop {
        match operation() {
            Ok(value) => return Ok(value),
            Err(AtomicError::Retry) => {}
            Err(AtomicError::Fault(fault)) => return Err(fault.into()),
            Err(_) => return Err(Stop::Wrong("another error")),
        }
    }
}

fn atomic<T: AtomicValue>(list: &mut Vec<Operation>) {
    fn operand<T: AtomicValue>(call: &Call) -> T {
        bytemuck::pod_read_unaligned(call.source())
    }
    let new = |what, source, combine, run| Operation {
        combine,
        align: size_of::<T>(),
        after_fault: AfterFault::Nothing,
        ..value::<T>(what, source, run)
    };
    let replace: fn(u8, u8) -> u8 = |_, new| new;
    list.extend([
        new("atomic.load", Source::User, replace, |c| {
            let value: T = patiently(|| UserPtr::from(c.src).atomic().load())?;
            c.target(0).copy_from_slice(bytemuck::bytes_of(&value));
            Ok(())
        }),
        new("atomic.store", Source::Kernel, replace, |c| {
            patiently(|| UserPtr::from(c.dst).atomic().store(operand::<T>(&c)))
        }),
        new("atomic.swap", Source::Kernel, replace, |c| {
            patiently(|| UserPtr::from(c.dst).atomic().swap(operand::<T>(&c))).map(|_| ())
        }),
        new("atomic.fetch_add", Source::Kernel, u8::wrapping_add, |c| {
            patiently(|| UserPtr::from(c.dst).atomic().fetch_add(operand::<T>(&c))).map(|_| ())
        }),
        new(
            "atomic.fetch_xor",
            Source::Kernel,
            |old, new| old ^ new,
            |c| patiently(|| UserPtr::from(c.dst).atomic().fetch_xor(operand::<T>(&c))).map(|_| ()),
        ),
        new(
            "atomic.fetch_or",
            Source::Kernel,
            |old, new| old | new,
            |c| patiently(|| UserPtr::from(c.dst).atomic().fetch_or(operand::<T>(&c))).map(|_| ()),
        ),
        new(
            "atomic.fetch_and",
            Source::Kernel,
            |old, new| old & new,
            |c| patiently(|| UserPtr::from(c.dst).atomic().fetch_and(operand::<T>(&c))).map(|_| ()),
        ),
        new(
            "atomic.fetch_and_not",
            Source::Kernel,
            |old, new| old & !new,
            |c| patiently(|| UserPtr::from(c.dst).atomic().fetch_and_not(operand::<T>(&c))).map(|_| ()),
        ),
        new("atomic.compare_exchange", Source::Kernel, replace, |c| {
            let atomic = UserPtr::from(c.dst).atomic();
            let old = patiently(|| atomic.load())?;
            match patiently(|| atomic.compare_exchange(old, operand::<T>(&c)))? {
                Ok(_) => Ok(()),
                Err(_) => Err(Stop::Wrong("another value")),
            }
        }),
    ]);
}
