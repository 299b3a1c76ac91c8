// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes user pages present before accesses that must not wait for them.
//!
//! A kernel may have to hold a lock during an access. It makes the pages present first, takes the lock, and uses the
//! no-fault form. A page may go away in between. Then the access fails, and the kernel tries both steps again, a few
//! times. [`in_windows`] does that. Nothing here makes more than [`WINDOW`] bytes present at a time, whatever length
//! user space asks for.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{Access, UserRange, fault_in, nofault};
//!
//! let range = UserRange::new(page, 4096).unwrap();
//! fault_in::in_windows(range, Access::Write, |window, _done| {
//!     // let _guard = lock();
//!     nofault::fill_user(window.start(), 7, window.len())
//! })?;
//!
//! let all = UserRange::new(page, 5000).unwrap();
//! assert_eq!(fault_in::make_present(all, Access::Read).unwrap_err().done, 4096);
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::{
    access::{
        copy,
        error::Fault,
        range::UserRange,
        region::{PAGE_SIZE, WINDOW},
    },
    extable::cause::Access,
    typed::{atomic::AtomicError, ptr::UserPtr},
};

/// How many times [`in_windows`] makes the same pages present, at most.
pub const TRIES: u32 = 4;

/// Makes the pages of `range` present, [`WINDOW`] bytes at most, by touching each page.
///
/// Returns the number of bytes that are present: all, if the range is not longer than [`WINDOW`].
///
/// With [`Access::Write`], the pages are made writable, too. They keep their contents: the call atomically writes
/// back what was there.
///
/// # Errors
///
/// Fails at the first page that does not permit the access. The `fault.done` bytes before it are present.
#[doc(alias = "fault_in_readable")]
#[doc(alias = "fault_in_writeable")]
pub fn make_present(range: UserRange, access: Access) -> Result<usize, Fault> {
    let (window, _) = range.split_at(WINDOW);
    // Check all bytes: only one byte of each page is touched. The others may lie above the limit, if it was lowered
    // since the range was made.
    Fault::range(window.start(), window.len(), access)?;
    let mut done = 0;
    while done < window.len() {
        let addr = window.start() + done;
        touch(addr, access).map_err(|fault| Fault { done, addr, ..fault })?;
        done += PAGE_SIZE - addr % PAGE_SIZE;
    }
    Ok(window.len())
}

/// Calls `step` for one part of `range` after the other, and makes the pages of each part present first.
///
/// `step` gets the part and the number of bytes before it.
///
/// A part has [`WINDOW`] bytes at most. If a step fails, its pages are made present again and the step runs again,
/// [`TRIES`] times in all. So a step must work when it runs twice on the same part.
///
/// If not all pages of a part can be made present, `step` gets only the bytes before the absent page.
///
/// # Errors
///
/// Returns the fault of the step, or of making its pages present. `done` counts from the start of the range.
pub fn in_windows(
    range: UserRange,
    access: Access,
    mut step: impl FnMut(UserRange, usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rest = range;
    let mut done = 0;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(WINDOW - rest.start() % WINDOW);
        let mut tries = 1;
        loop {
            let (ready, absent) = match make_present(part, access) {
                Ok(_) => (part, None),
                Err(fault) => (part.split_at(fault.done).0, Some(fault)),
            };
            // Do the bytes that are present, even if the rest is not.
            match (step(ready, done), absent) {
                (Ok(()), None) => break,
                (Ok(()), Some(fault)) => return Err(fault.after(done)),
                (Err(fault), _) if tries == TRIES => return Err(fault.after(done)),
                (Err(_), _) => tries += 1,
            }
        }
        done += part.len();
        rest = behind;
    }
    Ok(())
}

/// Touches the page at `addr`.
fn touch(addr: usize, access: Access) -> Result<(), Fault> {
    match access {
        Access::Read => copy::copy_from_user(&mut [0], addr),
        // One byte: a wider value may end above the user half.
        Access::Write => match UserPtr::<u8>::new(addr).atomic().fetch_or(0) {
            Err(AtomicError::Fault(fault)) => Err(Fault { access, ..fault }),
            // After too many tries, the page is present: other CPUs write to it.
            _ => Ok(()),
        },
    }
}
