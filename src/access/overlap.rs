// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies within user memory whose ranges may overlap, checked.

use core::marker::PhantomData;

use crate::{
    access::{
        context::{Context, Normal},
        error::Fault,
        moving::{self, Ranges, Stop},
        outcome::Outcome,
        range::UserRange,
        single,
    },
    arch::{
        inline,
        shape::{RETRY, order, rmw_op},
    },
    extable::cause::{Access, Cause, FaultKind},
    recovery::flag,
};

/// Copies `len` bytes from user address `src` to user address `dst`. The ranges may overlap: it is `memmove`.
///
/// Ranges that do not overlap go as fast as with [`copy_in_user`](crate::copy_in_user). If `dst` lies inside of the
/// source, the call first touches each page of both ranges, and copies from the end.
///
/// # Errors
///
/// Fails as [`copy_in_user`](crate::copy_in_user) does: then the first `fault.done` bytes have been moved, and no byte
/// after them has been touched.
///
/// There is one exception, where `dst` lies inside of the source: if a page goes away during the call, or a cause ends
/// inside a page ([`FaultKind`]), bytes behind `fault.done` may have been moved already. `done` counts the prefix that
/// has been moved whole; it is never too large.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// axptr::copy_to_user(page, b"0123456789")?;
/// axptr::move_in_user(page + 2, page, 8)?;
/// let mut bytes = [0; 10];
/// axptr::copy_from_user(&mut bytes, page)?;
/// assert_eq!(&bytes, b"0101234567");
///
/// // Only 10 bytes of the destination are there. They are moved, and nothing else.
/// axptr::copy_to_user(page + 4082, b"user memory..")?;
/// let fault = axptr::move_in_user(page + 4086, page + 4082, 13).unwrap_err();
/// assert_eq!((fault.done, fault.addr), (10, page + 4096));
/// let mut bytes = [0; 14];
/// axptr::copy_from_user(&mut bytes, page + 4082)?;
/// assert_eq!(&bytes, b"useruser memor");
/// # Ok::<(), axptr::Fault>(())
/// ```
#[inline]
#[doc(alias = "memmove")]
pub fn move_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    move_inside::<Normal>(dst, src, len)
}

/// Does [`move_in_user`] in the context `C`.
pub(crate) fn move_inside<C: Context>(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    let source = Fault::range(src, len, Access::Read)?;
    let destination = Fault::range(dst, len, Access::Write)?;
    let (dst, src) = (destination.start(), source.start());
    let ranges = Checked::<C> { dst, src, context: PhantomData };
    moving::run(&ranges, dst, src, len).map_err(|Stop { done, access, kind }| {
        let start = match access {
            Access::Read => src,
            Access::Write => dst,
        };
        Fault::new(start, done, access, kind)
    })
}

/// Two ranges in the user half. Each access checks and masks its part again.
struct Checked<C> {
    dst: usize,
    src: usize,
    context: PhantomData<C>,
}

/// What is answered for a range that is refused now: the limit has been lowered.
#[inline]
fn refused(start: usize, len: usize, access: Access) -> Outcome {
    let Fault { kind, .. } = Fault::refused(start, access);
    Outcome::new(len, Cause::new(Some(access), kind))
}

impl<C: Context> Ranges for Checked<C> {
    fn copy(&self, at: usize, len: usize) -> Outcome {
        let (src, dst) = (self.src.wrapping_add(at), self.dst.wrapping_add(at));
        let Some((_, from)) = UserRange::confined(src, len) else { return refused(src, len, Access::Read) };
        let Some((_, to)) = UserRange::confined(dst, len) else { return refused(dst, len, Access::Write) };
        // SAFETY: (1) both ranges lie in the user half, which holds no kernel memory.
        unsafe { C::copy_in_user(to, from, len) }
    }

    fn read(&self, at: usize, buf: &mut [u8]) -> Outcome {
        let (src, len) = (self.src.wrapping_add(at), buf.len());
        let Some((_, from)) = UserRange::confined(src, len) else { return refused(src, len, Access::Read) };
        // SAFETY: (1) the slice; (2) the range lies in the user half, which holds no kernel memory.
        unsafe { C::copy_from_user(buf.as_mut_ptr(), from, len) }
    }

    fn write(&self, at: usize, buf: &[u8]) -> Outcome {
        let (dst, len) = (self.dst.wrapping_add(at), buf.len());
        let Some((_, to)) = UserRange::confined(dst, len) else { return refused(dst, len, Access::Write) };
        // SAFETY: (1) the slice; (2) the range lies in the user half, which holds no kernel memory.
        unsafe { C::copy_to_user(to, buf.as_ptr(), len) }
    }

    fn touch_source(&self, at: usize) -> Result<(), FaultKind> {
        single::read_bits::<u8, C>(self.src.wrapping_add(at)).map(drop).map_err(|fault| fault.kind)
    }

    fn touch_destination(&self, at: usize) -> Result<(), FaultKind> {
        let Some((_, to)) = UserRange::confined(self.dst.wrapping_add(at), 1) else {
            return Err(Fault::refused(self.dst, Access::Write).kind);
        };
        let _accessing = flag::enter();
        let window = inline::open_window();
        // SAFETY: (1) a byte in the user half; the line above opened the window.
        let (_, status) = unsafe { inline::rmw::<1, { rmw_op::OR }, { order::RELAXED }, C>(to, 0) };
        inline::close_window(window);
        // Other CPUs write to it all the time: so it is there.
        if status == 0 || status == RETRY { Ok(()) } else { Err(Cause::from_register(status).kind()) }
    }
}
