// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each machine's fault codes tell about an access: [`Report`](super::trap::Report)s for its trap handler.
//!
//! All of them are compiled for every machine: they only compute, and so their tests run everywhere. They are
//! inline: a kernel links the one that it calls.

pub(crate) mod aarch64;
mod loongarch64;
mod riscv64;
mod x86_64;
