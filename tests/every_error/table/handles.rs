// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on what was checked when it was made: slices, cursors, vectors.

use std::any::type_name;

use axptr::{
    AnyBitPattern, NoUninit, UserConstPtr, UserPtr, UserRange, UserReader, UserWriter,
    context::NoFault,
    iovec::{IoVec, IoVec32, IoVecs},
};

use super::values::elements;
use crate::operation::{
    Answer, Call, Content,
    Effect::{ElementsToKernel, Fill, FromKernel, FromOther, None, ToKernel, ToOther},
    Operation, Refusal, ToAnswer, reads, writes,
};

const BYTE: u8 = 0x5a;
/// The bytes of a vector in front of those under test.
const BEFORE: usize = 7;

pub(super) const ROWS: &[Operation] = &[
    reads("UserReader::read", ToKernel, |c| reader(c, |reader, c| reader.read(c.kernel).answer()))
        .made_before(),
    reads("UserReader::read_exact", ToKernel, |c| {
        reader(c, |reader, c| reader.read_exact(c.kernel).answer())
    })
    .made_before(),
    reads("UserReader::read_to", ToOther, |c| {
        let (mut reader, mut writer) = (UserReader::new(c.range()), UserWriter::new(other(c)));
        (c.made)();
        let answer = reader.read_to(&mut writer).answer();
        stays(c, answer, [reader.remaining(), writer.remaining()])
    })
    .made_before(),
    writes("UserReader::read_to", FromOther, |c| {
        let (reader, writer) = (UserReader::new(other(c)), UserWriter::new(c.range()));
        let (mut reader, mut writer) = (reader.nofault(), writer.nofault());
        (c.made)();
        let answer = reader.read_to(&mut writer).answer();
        stays(c, answer, [reader.remaining(), writer.remaining()])
    })
    .made_before(),
    reads("UserWriter::write_from", ToOther, |c| {
        let (mut reader, mut writer) = (UserReader::new(c.range()), UserWriter::new(other(c)));
        (c.made)();
        let answer = writer.write_from(&mut reader).answer();
        stays(c, answer, [reader.remaining(), writer.remaining()])
    })
    .made_before(),
    writes("UserWriter::write_from", FromOther, |c| {
        let (mut reader, mut writer) = (UserReader::new(other(c)), UserWriter::new(c.range()));
        (c.made)();
        let answer = writer.write_from(&mut reader).answer();
        stays(c, answer, [reader.remaining(), writer.remaining()])
    })
    .made_before(),
    writes("UserWriter::write", FromKernel, |c| writer(c, |writer, c| writer.write(c.kernel).answer()))
        .made_before(),
    writes("UserWriter::write_all", FromKernel, |c| {
        writer(c, |writer, c| writer.write_all(c.kernel).answer())
    })
    .made_before(),
    writes("UserWriter::fill", Fill(BYTE), |c| writer(c, |writer, c| writer.fill(BYTE, c.len).answer()))
        .made_before(),
    // Vectors: the address is in the range that holds byte number `done`.
    Operation {
        before: BEFORE,
        ..reads("IoVecs::read_at", ToKernel, |c| vector(c, 0, |vector, buf| vector.read_at(0, buf).answer()))
            .made_before()
    },
    Operation {
        before: BEFORE,
        ..reads("IoVecs::read_at", ToKernel, |c| vector(c, 5, |vector, buf| vector.read_at(5, buf).answer()))
            .made_before()
            .form("from an offset on")
    },
    Operation {
        before: BEFORE,
        ..writes("IoVecs::write_at", FromKernel, |c| {
            vector(c, 0, |vector, buf| vector.write_at(0, buf).answer())
        })
        .made_before()
    },
    Operation {
        before: BEFORE,
        ..writes("IoVecs::write_at", FromKernel, |c| {
            vector(c, 5, |vector, buf| vector.write_at(5, buf).answer())
        })
        .made_before()
        .form("from an offset on")
    },
    // Their array: "`done` counts its bytes".
    reads("IoVecs::import", None, |c| import(c, UserConstPtr::<IoVec>::from(c.addr)))
        .of_multiples(size_of::<IoVec>())
        .content(Content::ZeroFrom(0)),
    reads("IoVecs::import", None, |c| import(c, UserConstPtr::<IoVec32>::from(c.addr).nofault()))
        .of_multiples(size_of::<IoVec32>())
        .content(Content::ZeroFrom(0)),
];

/// Slices.
pub(super) fn typed(rows: &mut Vec<Operation>) {
    of::<u8>(rows);
    of::<u32>(rows);
    of::<[u8; 3]>(rows);
    of::<[u64; 9]>(rows);
}

fn of<T: AnyBitPattern + NoUninit>(rows: &mut Vec<Operation>) {
    let size = size_of::<T>();
    macro_rules! slices {
        ($($make:ident $slice:ident $pointer:ident $($nofault:ident)?, $method:literal, $effect:expr, |$c:ident, $it:ident| $run:expr;)+) => {$(
            let row = $make(concat!(stringify!($slice), "::", $method), $effect, |$c| {
                let $it = $pointer::<T>::from($c.addr)$(.$nofault())?.slice($c.len / size_of::<T>());
                let $it = $it.expect("the range is in the user half when it is made");
                ($c.made)();
                $run
            });
            rows.push(row.made_before().of_multiples(size).form(type_name::<[T]>()));
        )+};
    }
    slices! {
        reads UserConstSlice UserConstPtr, "read_into", ToKernel, |c, it| elements::<T>(c, |buf| it.read_into(buf).answer());
        reads UserSlice UserPtr nofault, "read_into", ToKernel, |c, it| elements::<T>(c, |buf| it.read_into(buf).answer());
        reads UserConstSlice UserConstPtr nofault, "compare", None, |c, it| {
            elements::<T>(c, |values| it.compare(values).answer())
        };
        reads UserSlice UserPtr, "compare", None, |c, it| elements::<T>(c, |values| it.compare(values).answer());
        reads UserConstSlice UserConstPtr, "is_zeroed", None, |c, it| it.is_zeroed().answer();
        reads UserSlice UserPtr nofault, "is_zeroed", None, |c, it| it.is_zeroed().answer();
        reads UserConstSlice UserConstPtr, "to_vec", None, |c, it| it.to_vec().answer();
        reads UserSlice UserPtr nofault, "to_vec", None, |c, it| it.to_vec().answer();
        reads UserConstSlice UserConstPtr nofault, "append_to", ElementsToKernel(size), |c, it| {
            appended::<T>(c, |values| it.append_to(values).answer())
        };
        reads UserSlice UserPtr, "append_to", ElementsToKernel(size), |c, it| {
            appended::<T>(c, |values| it.append_to(values).answer())
        };
        writes UserSlice UserPtr, "write_from", FromKernel, |c, it| elements::<T>(c, |values| it.write_from(values).answer());
        writes UserSlice UserPtr nofault, "write_from", FromKernel, |c, it| {
            elements::<T>(c, |values| it.write_from(values).answer())
        };
        writes UserSlice UserPtr, "fill_bytes", Fill(BYTE), |c, it| it.fill_bytes(BYTE).answer();
        writes UserSlice UserPtr nofault, "fill_bytes", Fill(BYTE), |c, it| it.fill_bytes(BYTE).answer();
    }
    for row in rows {
        if row.name.ends_with("::compare") && row.content == Content::Any {
            // What comes first decides: pieces in front of the limit may have been looked at.
            *row = row.content(Content::AsInKernel);
        } else if row.name.ends_with("Slice::is_zeroed") {
            *row = row.content(Content::ZeroFrom(0)).refusal(Refusal::Partly);
        }
    }
}

/// Other memory, as much as is under test.
fn other(c: &Call<'_>) -> UserRange {
    UserRange::new(c.other, c.len).expect("the range is in the user half")
}

/// A cursor moves past what it has done, and "a call that fails does not move it".
fn stays<const N: usize>(c: &Call<'_>, answer: Answer, remaining: [usize; N]) -> Answer {
    let expected = if answer == Answer::Success { 0 } else { c.len };
    assert_eq!(remaining, [expected; N], "the cursor's remaining bytes after {answer:x?}");
    answer
}

fn reader(c: &mut Call<'_>, run: fn(&mut UserReader, &mut Call<'_>) -> Answer) -> Answer {
    let mut reader = UserReader::new(c.range());
    (c.made)();
    let answer = run(&mut reader, c);
    stays(c, answer, [reader.remaining()])
}

fn writer(c: &mut Call<'_>, run: fn(&mut UserWriter<NoFault>, &mut Call<'_>) -> Answer) -> Answer {
    let mut writer = UserWriter::new(c.range()).nofault();
    (c.made)();
    let answer = run(&mut writer, c);
    stays(c, answer, [writer.remaining()])
}

/// A vector of other memory, the range under test, and other memory again. The first has `skipped` bytes in front of
/// those that are done.
fn vector(c: &mut Call<'_>, skipped: usize, run: fn(&IoVecs<'_>, &mut [u8]) -> Answer) -> Answer {
    let array = [
        IoVec { base: (c.other - skipped) as u64, len: (BEFORE + skipped) as u64 },
        IoVec { base: usize::MAX as u64, len: 0 },
        IoVec { base: c.addr as u64, len: c.len as u64 },
        IoVec { base: (c.other + BEFORE + 100) as u64, len: 9 },
    ];
    let mut storage = [UserRange::EMPTY; 4];
    let array = UserConstPtr::<IoVec>::from(array.as_ptr().expose_provenance());
    let vector =
        IoVecs::import(array, 4, &mut storage).expect("the ranges are in the user half when it is made");
    (c.made)();
    run(&vector, c.kernel)
}

fn import<V: axptr::iovec::RawIoVec, C: axptr::Context>(c: &Call<'_>, array: UserConstPtr<V, C>) -> Answer {
    let anything = UserRange::new(8, 8).expect("low addresses are in the user half");
    let mut storage = vec![anything; c.len / size_of::<V>()];
    let count = storage.len();
    let answer = IoVecs::import(array, count, &mut storage).answer();
    assert!(storage.iter().all(UserRange::is_empty), "`storage` holds empty ranges then");
    answer
}

/// Calls `run` with a vector; what it gets becomes the kernel's bytes.
fn appended<T: AnyBitPattern + NoUninit>(
    c: &mut Call<'_>,
    run: impl FnOnce(&mut Vec<T>) -> Answer,
) -> Answer {
    let mut values = vec![T::zeroed(); 2];
    let answer = run(&mut values);
    let bytes: &[u8] = bytemuck::cast_slice(&values[2..]);
    c.kernel[..bytes.len()].copy_from_slice(bytes);
    answer
}
