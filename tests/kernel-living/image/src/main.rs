// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test kernel on today's line, linked.

#![no_std]
#![no_main]

use axptr_kernel_living as _;
