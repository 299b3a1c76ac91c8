// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recovery in a Linux process: a handler for SIGSEGV and SIGBUS does the work of a trap handler.
//!
//! [`install`] puts one handler in front of the former ones. If the kernel raised the signal for an instruction in the
//! exception table, execution resumes at the landing. Every other signal goes to the former handler, with the same
//! effect as before.
//!
//! A library that replaces the handler later, and does not pass signals on, takes the faults away: [`is_in_front`] tells.
//! Either `install` is called again behind it, or its handler calls [`try_recover`].
//!
//! # Several images
//!
//! Each shared object or program with a copy of this crate calls `install`. Their handlers stand one behind the other, and
//! each recovers its own image's faults.
//!
//! If several images use one copy, which lies in a Rust `dylib`, the accesses that are expanded in an image have their
//! entries in that image's own table. So each such image calls `install`, from its own code. An image that has not gets
//! [`SelftestError::OtherImage`](crate::SelftestError::OtherImage) from [`selftest`](crate::selftest()), also called from
//! its own code.
//!
//! # Examples
//!
//! ```
//! use axptr::{FaultKind, UserConstPtr, hosted};
//!
//! static VALUE: u32 = 42;
//!
//! // SAFETY: (1) this process only reads memory through axptr, and nothing writes that memory meanwhile.
//! unsafe { hosted::install() }?;
//!
//! let good = UserConstPtr::<u32>::from((&raw const VALUE).addr());
//! assert_eq!(good.read(), Ok(42));
//!
//! // Nothing is mapped in the first page of a process.
//! let bad = UserConstPtr::<u32>::from(8);
//! let fault = bad.read().unwrap_err();
//! assert_eq!((fault.done, fault.addr, fault.kind), (0, 8, FaultKind::NotPresent));
//! # Ok::<(), hosted::InstallError>(())
//! ```

mod action;
mod chain;
mod delivery;
mod former;
mod frame;
mod handler;
pub(crate) mod install;
mod pin;
pub(crate) mod tables;
mod turn;

pub use handler::try_recover;
pub use install::{InstallError, UninstallError, install, is_in_front, uninstall};
