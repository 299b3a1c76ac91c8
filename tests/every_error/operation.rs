// SPDX-License-Identifier: MIT OR Apache-2.0
//! A row of the table: an operation, and what its documentation says of its errors.

use axptr::{
    Access, AddressSpace, CursorError, Fault, FaultKind, UserRange, VecError, atomic::AtomicError,
    cstr::StringError, futex::FutexError, iovec::IoVecError, structs::StructError,
};

use crate::pages::{Layout, first_bad};

/// One operation in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// The function's name, as `sources` gives it.
    pub(crate) name: &'static str,
    /// Which of its forms.
    pub(crate) form: &'static str,
    /// What it does to the bytes under test.
    pub(crate) side: Access,
    pub(crate) sizes: Sizes,
    /// What its address has to be a multiple of.
    pub(crate) align: usize,
    /// How many bytes of other memory, all good, it does first: `done` counts them.
    pub(crate) before: usize,
    pub(crate) content: Content,
    pub(crate) effect: Effect,
    pub(crate) done: Done,
    pub(crate) refusal: Refusal,
    /// Whether it works on something that was checked when it was made: an address that never was in the user half is
    /// then refused by another row's function.
    pub(crate) is_made_before: bool,
    /// Whether an operation that reads and writes may say either, where the page permits neither.
    pub(crate) either_access: bool,
    /// What its faults say, where that is not why the machine refuses the page.
    pub(crate) kind: Option<FaultKind>,
    pub(crate) run: fn(&mut Call<'_>) -> Answer,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Sizes {
    /// It is so many bytes.
    Fixed(usize),
    /// It may be any multiple of so many bytes.
    MultiplesOf(usize),
}

/// What the user bytes must be for the operation to look at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Any; here, none of them zero.
    Any,
    /// Not zero, but for the last so many.
    Terminated(usize),
    /// Zero from here on.
    ZeroFrom(usize),
    /// What the kernel's buffer holds.
    AsInKernel,
}

/// What the bytes that are done change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that can be seen.
    None,
    /// "The first `fault.done` bytes of `buf` hold the bytes before the fault, and the rest is unchanged."
    ToKernel,
    /// "Then `buf` begins with the whole elements of the first `fault.done` bytes."
    ElementsToKernel(usize),
    /// "None of the former contents of `dst` remain": `dst[fault.done..]` is zero.
    ToKernelZeroing,
    /// "The first `fault.done` bytes have been written, and no byte after them."
    FromKernel,
    /// The same; behind so many bytes, "room after the kernel's struct is filled with zeros".
    FromKernelThenZero(usize),
    /// The same, with this byte.
    Fill(u8),
    /// The same, to other user memory.
    ToOther,
    /// The same, from other user memory.
    FromOther,
    /// The value as a whole, or nothing: "an aligned value lies in one page".
    Value,
}

/// What `done` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// "The number of bytes that were done": all in front of the first one that does not permit the access.
    Bytes,
    /// `scope::run`: "the accesses before it are done, and none after it. `done` counts only the bytes of the access that
    /// failed": of accesses to so many bytes each.
    OfAccess(usize),
    /// Region mode: "`FaultKind::Permission` with `done` 0 if an area does not permit the access. Then nothing has been
    /// accessed".
    NothingIfRefused,
    /// `UserCStr::read_truncated`: a fault only "if one of the first `buf.len() - 1` bytes is needed and not readable".
    BytesButTheLast,
    /// "It says *where* the bytes are. It does not say that they are mapped": no access, so no fault.
    NoAccess,
}

/// What becomes of a range that ends behind the user half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is refused before any access.
    Whole,
    /// It is not checked here.
    Unchecked,
    /// A string's terminator may come before: so many bytes at a time are looked at, up to the limit.
    UpToLimit(usize),
    /// What comes before may decide: so some of it may have been read, or made present.
    Partly,
    /// "If an address is not in the user half, nothing has been accessed": the fault is of the first such access, each to
    /// so many bytes.
    OfAccess(usize),
}

/// What stands in the top bits of an address that means the same without it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tag {
    pub(crate) bits: u32,
    /// Its value, and 0 in all other bits.
    pub(crate) value: usize,
}

impl Tag {
    pub(crate) fn put_on(self, addr: usize) -> usize {
        if self.bits == 0 { addr } else { addr & usize::MAX >> self.bits | self.value }
    }
}

/// What an operation works on.
pub(crate) struct Call<'a> {
    pub(crate) addr: usize,
    pub(crate) len: usize,
    /// The bytes at `addr`, if there is memory.
    pub(crate) there: &'a [u8],
    /// As many bytes of kernel memory, and `before` more in front.
    pub(crate) kernel: &'a mut [u8],
    /// Other user memory, all good.
    pub(crate) other: usize,
    pub(crate) layout: Layout,
    /// The tag of both addresses.
    pub(crate) tag: Tag,
    /// Called when all is made that is checked when it is made; the limit may be another one afterwards.
    pub(crate) made: &'a dyn Fn(),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Success,
    Fault(Fault),
    Other(&'static str),
}

pub(crate) const fn reads(name: &'static str, effect: Effect, run: fn(&mut Call<'_>) -> Answer) -> Operation {
    Operation {
        name,
        form: "",
        side: Access::Read,
        sizes: Sizes::MultiplesOf(1),
        align: 1,
        before: 0,
        content: Content::Any,
        effect,
        done: Done::Bytes,
        refusal: Refusal::Whole,
        is_made_before: false,
        either_access: false,
        kind: None,
        run,
    }
}

pub(crate) const fn writes(
    name: &'static str,
    effect: Effect,
    run: fn(&mut Call<'_>) -> Answer,
) -> Operation {
    Operation { side: Access::Write, ..reads(name, effect, run) }
}

impl Operation {
    pub(crate) const fn form(self, form: &'static str) -> Self {
        Self { form, ..self }
    }

    pub(crate) const fn of(self, bytes: usize) -> Self {
        Self { sizes: Sizes::Fixed(bytes), ..self }
    }

    pub(crate) const fn of_multiples(self, bytes: usize) -> Self {
        Self { sizes: Sizes::MultiplesOf(bytes), ..self }
    }

    pub(crate) const fn aligned(self, align: usize) -> Self {
        Self { align, ..self }
    }

    pub(crate) const fn content(self, content: Content) -> Self {
        Self { content, ..self }
    }

    pub(crate) const fn done(self, done: Done) -> Self {
        Self { done, ..self }
    }

    pub(crate) const fn refusal(self, refusal: Refusal) -> Self {
        Self { refusal, ..self }
    }

    pub(crate) const fn made_before(self) -> Self {
        Self { is_made_before: true, ..self }
    }

    pub(crate) const fn kind(self, kind: FaultKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Whether its address may have a tag: `raw` and `probe` "change no address".
    pub(crate) fn takes_tags(&self) -> bool {
        !self.name.starts_with("raw::") && !self.name.starts_with("probe::")
    }

    /// An error's text begins with it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.name, self.form)
    }
}

impl Call<'_> {
    pub(crate) fn range(&self) -> UserRange {
        UserRange::new(self.addr, self.len).expect("the range is in the user half when it is made")
    }

    /// The address without its tag.
    pub(crate) const fn untagged(&self) -> usize {
        axptr::untag(self.addr, self.tag.bits)
    }

    /// The address space of the pages, asked honestly or not.
    pub(crate) const fn space(&self, honesty: Honesty) -> Space {
        Space { layout: self.layout, honesty }
    }
}

/// What an address space says of pages that do not permit an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Honesty {
    /// An area refuses them.
    Refuses,
    /// The area permits it, but they cannot be made present.
    Fails,
    /// All is well: another CPU unmaps them behind its back.
    Lies,
}

#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) layout: Layout,
    pub(crate) honesty: Honesty,
}

impl AddressSpace for Space {
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        self.honesty != Honesty::Refuses
            || first_bad(&self.layout, range.start(), range.len(), access).is_none()
    }

    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        self.honesty != Honesty::Fails || first_bad(&self.layout, addr, 1, access).is_none()
    }
}

/// An error that may hold a fault.
pub(crate) trait Failure {
    fn fault(&self) -> Option<Fault>;
    fn number(&self) -> i32;
}

macro_rules! impl_failure {
    ($($error:ident: $pattern:pat => $fault:expr,)+) => {$(
        impl Failure for $error {
            fn fault(&self) -> Option<Fault> {
                match *self {
                    $pattern => Some($fault),
                    _ => None,
                }
            }

            fn number(&self) -> i32 {
                self.errno()
            }
        }
    )+};
}

impl Failure for Fault {
    fn fault(&self) -> Option<Fault> {
        Some(*self)
    }

    fn number(&self) -> i32 {
        self.errno()
    }
}

impl_failure! {
    CursorError: CursorError::Fault(fault) => fault,
    StructError: StructError::Fault(fault) => fault,
    IoVecError: IoVecError::Fault(fault) => fault,
    VecError: VecError::Fault(fault) => fault,
    StringError: StringError::Fault(fault) => fault,
    AtomicError: AtomicError::Fault(fault) => fault,
    FutexError: FutexError::Atomic(AtomicError::Fault(fault)) => fault,
}

pub(crate) trait ToAnswer {
    /// What it comes to; a fault must be EFAULT, inside of another error too.
    fn answer(self) -> Answer;
}

impl<R, E: Failure> ToAnswer for Result<R, E> {
    fn answer(self) -> Answer {
        let Err(error) = self else { return Answer::Success };
        match error.fault() {
            Some(fault) if error.number() == libc::EFAULT && fault.errno() == libc::EFAULT => {
                Answer::Fault(fault)
            }
            Some(_) => Answer::Other("a fault that is not EFAULT"),
            None => Answer::Other("an error that is not a fault"),
        }
    }
}
