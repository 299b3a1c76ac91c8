// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trap side of a Linux process: signal handlers for SIGSEGV and SIGBUS.
//!
//! [`install`] puts one handler in front of what was there. A fault of an instruction in the table, raised by
//! the kernel, resumes at its landing; everything else goes to the handler that was there before, with the
//! meaning that it had.

mod action;
mod chain;
mod delivery;
mod former;
mod frame;
mod handler;
mod install;

pub use install::{InstallError, install};
