// SPDX-License-Identifier: MIT OR Apache-2.0
//! The README's samples: each is a file in `samples`, which is compiled and run here as it is shown there.

#![cfg(target_os = "linux")]

mod documents;
mod files;
mod front_page;
mod package;
mod pages;
mod system_calls;
mod trap;

/// What the README shows, word for word.
#[expect(unreachable_pub, reason = "a reader copies them into a crate of their own")]
mod samples {
    pub mod boot;
    pub mod double_fetch;
    pub mod system_calls;
    pub mod trap;
}

use axptr::UserConstPtr;

use self::pages::Pages;

#[test]
fn the_boot_sample_states_a_limit_that_the_self_test_accepts() {
    // In a process the self test asks for this, too.
    // SAFETY: (1) only addresses of `Pages` are accessed.
    unsafe { axptr::hosted::install() }.unwrap();
    samples::boot::at_boot();
    assert_eq!((axptr::user_limit(), axptr::selftest()), (axptr::DEFAULT_USER_LIMIT, Ok(())));
}

#[test]
fn a_length_is_read_once_or_twice() {
    let pages = Pages::new();
    let (len, data) = (pages.start(), pages.start() + 64);
    axptr::copy_to_user(data, b"user").unwrap();
    for read in [samples::double_fetch::wrong, samples::double_fetch::right] {
        for (claimed, expected) in [(4, &b"user"[..]), (64, &b"user"[..]), (65, &b""[..]), (usize::MAX, b"")]
        {
            axptr::UserPtr::from(len).write(claimed).unwrap();
            let mut buf = [0; 64];
            read(UserConstPtr::from(len), data, &mut buf).unwrap();
            assert_eq!(buf[..expected.len()], *expected, "{claimed}");
            assert!(buf[expected.len()..].iter().all(|&byte| byte == 0), "{claimed}");
        }
        let fault = read(UserConstPtr::from(pages.end()), data, &mut [0; 64]).unwrap_err();
        assert_eq!(fault.addr, pages.end());
    }
}
