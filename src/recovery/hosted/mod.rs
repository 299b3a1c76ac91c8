// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recovery in a Linux process: a handler for SIGSEGV and SIGBUS does the work of a trap handler.
//!
//! [`install`] puts one handler in front of the former ones. If the kernel raised the signal for an instruction in the
//! exception table, execution resumes at the landing. Every other signal goes to the former handler, with the same
//! effect as before.
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

pub use install::{InstallError, install};
