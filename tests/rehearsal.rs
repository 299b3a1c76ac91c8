// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trap::selftest` in a process, with a right handler: that of `hosted::install`. Handlers that are wrong are the test
//! kernel's.

use std::sync::atomic::{AtomicUsize, Ordering};

use axptr::trap::{HandlerError, OwnFault, Told, selftest};

static GO_ON_AT: AtomicUsize = AtomicUsize::new(0);

#[test]
fn right() {
    unsafe { axptr::hosted::install() }.unwrap();
    println!("{:?}", selftest(0x1000, |_| true, |pc| pc));
    println!("{:?}", selftest(0x1000, |_| false, |pc| pc));
    println!("{:?}", selftest(usize::MAX - 3, |_| false, |pc| pc));
    let page = vec![0u8; 8192];
    println!("{:?}", selftest(page.as_ptr() as usize, |_| false, |pc| pc));
}
