// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test kernel, linked: compiled once, however many scripts it is linked with.

#![no_std]
#![no_main]

use axptr_kernel as _;
