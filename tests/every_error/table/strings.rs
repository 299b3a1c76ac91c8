// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings: what is looked at ends with the terminator, or with the byte in front of the bad one.

use axptr::{UserConstPtr, UserPtr, UserReader, cstr::UserCStr};

use crate::operation::{
    Answer, Call, Content, Done,
    Effect::{None, ToKernel},
    Operation, Refusal, ToAnswer, reads,
};

pub(super) const ROWS: &[Operation] = &[
    row("UserCStr::len", None, |c| of(c).len(c.len).answer()),
    row("UserCStr::len", None, |c| of(c).nofault().len(c.len).answer()).form("without the pager"),
    row("UserCStr::read", ToKernel, |c| of(c).read(c.kernel).answer()),
    row("UserCStr::read", ToKernel, |c| {
        UserPtr::<i8>::from(c.addr).nofault().as_cstr().read(c.kernel).answer()
    })
    .form("without the pager"),
    row("UserCStr::read_str", ToKernel, |c| of(c).read_str(c.kernel).answer()),
    row("UserCStr::read_truncated", ToKernel, |c| of(c).read_truncated(c.kernel).answer())
        .done(Done::BytesButTheLast),
    row("UserCStr::to_cstring", None, |c| of(c).to_cstring(c.len).answer()),
    row("UserCStr::to_string", None, |c| of(c).to_string(c.len).answer()),
    row("UserCStr::append_to", ToKernel, |c| {
        let mut bytes = vec![1, 2, 3];
        let result = of(c).append_to(&mut bytes, c.len);
        assert_eq!(bytes[..3], [1, 2, 3]);
        if result.is_ok() {
            bytes.push(0);
        }
        c.kernel[..bytes.len() - 3].copy_from_slice(&bytes[3..]);
        result.answer()
    }),
    row("UserReader::read_cstr", ToKernel, |c| {
        let mut reader = UserReader::new(c.range());
        (c.made)();
        let result = reader.read_cstr(c.kernel).answer();
        let moved = if result == Answer::Success { c.len } else { 0 };
        assert_eq!((reader.addr(), reader.remaining()), (c.untagged() + moved, c.len - moved));
        result
    })
    .made_before(),
];

const fn row(
    name: &'static str,
    effect: crate::operation::Effect,
    run: fn(&mut Call<'_>) -> Answer,
) -> Operation {
    reads(name, effect, run).content(Content::Terminated(1)).refusal(Refusal::UpToLimit(1))
}

fn of(c: &Call<'_>) -> UserCStr {
    UserConstPtr::<u8>::from(c.addr).as_cstr()
}
