// SPDX-License-Identifier: MIT OR Apache-2.0
//! `sys_read` and `sys_write` against good, half good and bad buffers: what Linux's would answer.

use super::{
    pages::Pages,
    samples::system_calls::{sys_read, sys_write},
};

const EFAULT: isize = 14;

fn file() -> [u8; 200] {
    std::array::from_fn(|at| at as u8 | 1)
}

#[test]
fn a_read_hands_over_what_was_asked_for() {
    let pages = Pages::new();
    assert_eq!(sys_read(&file(), pages.start(), 100), 100);
    assert_eq!(sys_read(&file()[100..], pages.start() + 100, 50), 50);
    let mut received = [0; 151];
    axptr::copy_from_user(&mut received, pages.start()).unwrap();
    assert_eq!((&received[..150], received[150]), (&file()[..150], 0));
}

#[test]
fn a_call_into_a_hole_is_short_and_one_that_begins_there_fails() {
    let pages = Pages::new();
    assert_eq!(sys_read(&file(), pages.end() - 30, 100), 30);
    let mut received = [0; 30];
    axptr::copy_from_user(&mut received, pages.end() - 30).unwrap();
    assert_eq!(received, file()[..30]);
    assert_eq!(sys_read(&file(), pages.end(), 100), -EFAULT);
    assert_eq!(sys_write(&mut file(), pages.end(), 100), -EFAULT);
}

#[test]
fn a_write_changes_the_bytes_that_were_there_and_no_other() {
    let pages = Pages::new();
    let mut written = file();
    assert_eq!(sys_write(&mut written, pages.end() - 30, 100), 30);
    assert_eq!((&written[..30], &written[30..]), (&[0; 30][..], &file()[30..]));
}

#[test]
fn no_word_of_a_program_reaches_the_kernel() {
    let pages = Pages::new();
    for (buf, len) in [(0, 1), (8, 8), (usize::MAX, 2), (axptr::user_limit(), 1), (usize::MAX - 6, 7)] {
        assert_eq!(sys_read(&file(), buf, len), -EFAULT, "{buf:#x} + {len}");
        let mut written = file();
        assert_eq!(sys_write(&mut written, buf, len), -EFAULT, "{buf:#x} + {len}");
        assert_eq!(written, file());
    }
    // A length beyond the file's end is the file's length; nothing is nothing, anywhere.
    for (file, buf, len, expected) in [
        (&mut file()[195..], pages.start(), usize::MAX, 5),
        (&mut [], pages.start(), usize::MAX, 0),
        (&mut file()[..], usize::MAX, 0, 0),
    ] {
        assert_eq!(sys_read(file, buf, len), expected);
        assert_eq!(sys_write(file, buf, len), expected);
    }
}
