// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of types of each class, and arrays of them.

use std::{any::type_name, mem::MaybeUninit, ptr};

use axptr::{
    AnyBitPattern, FaultKind, Limit, NoUninit, UserConstPtr, UserPtr, UserReader, UserWriter, probe, scope,
};

use crate::operation::{
    Answer, Call, Content, Done,
    Effect::{ElementsToKernel, FromKernel, None, ToKernel},
    Honesty::{Fails, Lies, Refuses},
    Operation, Refusal, ToAnswer, reads, writes,
};

pub(super) fn all(rows: &mut Vec<Operation>) {
    of::<u8>(rows);
    of::<u16>(rows);
    of::<[u8; 3]>(rows);
    of::<u32>(rows);
    of::<[u8; 5]>(rows);
    of::<[u8; 7]>(rows);
    of::<u64>(rows);
    of::<[u64; 2]>(rows);
    of::<[u8; 24]>(rows);
    of::<[u8; 31]>(rows);
    of::<[u64; 4]>(rows);
    of::<[u64; 8]>(rows);
    of::<[u8; 64]>(rows);
    // More than travels in registers.
    of::<[u64; 9]>(rows);
    of::<[u8; 96]>(rows);
    of::<[u64; 32]>(rows);
}

fn of<T: AnyBitPattern + NoUninit>(rows: &mut Vec<Operation>) {
    let size = size_of::<T>();
    let mut one = |row: Operation| rows.push(row.of(size).form(type_name::<T>()));
    for run in [(|c| UserConstPtr::<T>::from(c.addr).read().answer()) as fn(&mut Call<'_>) -> Answer, |c| {
        UserConstPtr::<T>::from(c.addr).nofault().read().answer()
    }] {
        one(reads("UserConstPtr::read", None, run));
    }
    for run in [(|c| UserPtr::<T>::from(c.addr).read().answer()) as fn(&mut Call<'_>) -> Answer, |c| {
        UserPtr::<T>::from(c.addr).nofault().read().answer()
    }] {
        one(reads("UserPtr::read", None, run));
    }
    for run in [
        (|c| in_place::<T>(c, |c, value| UserConstPtr::from(c.addr).read_into(value).answer()))
            as fn(&mut Call<'_>) -> Answer,
        |c| in_place::<T>(c, |c, value| UserConstPtr::from(c.addr).nofault().read_into(value).answer()),
    ] {
        one(reads("UserConstPtr::read_into", ToKernel, run));
    }
    for run in [
        (|c| in_place::<T>(c, |c, value| UserPtr::from(c.addr).read_into(value).answer()))
            as fn(&mut Call<'_>) -> Answer,
        |c| in_place::<T>(c, |c, value| UserPtr::from(c.addr).nofault().read_into(value).answer()),
    ] {
        one(reads("UserPtr::read_into", ToKernel, run));
    }
    for run in [
        (|c| in_place::<T>(c, |c, value| UserConstPtr::from(c.addr).read_uninit(uninit(value)).answer()))
            as fn(&mut Call<'_>) -> Answer,
        |c| {
            in_place::<T>(c, |c, value| {
                UserConstPtr::from(c.addr).nofault().read_uninit(uninit(value)).answer()
            })
        },
    ] {
        one(reads("UserConstPtr::read_uninit", ToKernel, run));
    }
    for run in [
        (|c| in_place::<T>(c, |c, value| UserPtr::from(c.addr).read_uninit(uninit(value)).answer()))
            as fn(&mut Call<'_>) -> Answer,
        |c| in_place::<T>(c, |c, value| UserPtr::from(c.addr).nofault().read_uninit(uninit(value)).answer()),
    ] {
        one(reads("UserPtr::read_uninit", ToKernel, run));
    }
    for run in [
        (|c| UserPtr::<T>::from(c.addr).write(sent(c.kernel)).answer()) as fn(&mut Call<'_>) -> Answer,
        |c| UserPtr::<T>::from(c.addr).nofault().write(sent(c.kernel)).answer(),
    ] {
        one(writes("UserPtr::write", FromKernel, run));
    }
    // Kernel addresses.
    one(reads("probe::read", None, |c| {
        // SAFETY: (1) no device is here.
        unsafe { probe::read::<T>(c.addr) }.answer()
    })
    .refusal(Refusal::Unchecked));
    // Batches: `done` counts the bytes of the access that fails.
    for run in [
        (|c| scope::run(UserConstPtr::<T>::from(c.addr).reading()).answer()) as fn(&mut Call<'_>) -> Answer,
        |c| scope::run(UserPtr::<T>::from(c.addr).nofault().reading()).answer(),
    ] {
        one(reads("scope::run", None, run));
    }
    for run in [
        (|c| scope::run(UserPtr::<T>::from(c.addr).writing(sent(c.kernel))).answer())
            as fn(&mut Call<'_>) -> Answer,
        |c| scope::run(UserPtr::<T>::from(c.addr).nofault().writing(sent(c.kernel))).answer(),
    ] {
        one(writes("scope::run", FromKernel, run));
    }
    let mut three = |row: Operation| {
        let batch = row.of(3 * size).done(Done::OfAccess(size)).refusal(Refusal::OfAccess(size));
        rows.push(batch.form(type_name::<[T; 3]>()));
    };
    three(reads("scope::run", None, |c| {
        let first = UserConstPtr::<T>::from(c.addr);
        scope::run((first.reading(), (first.add(1).reading(), first.add(2).reading()))).answer()
    }));
    three(writes("scope::run", FromKernel, |c| {
        let first = UserPtr::<T>::from(c.addr);
        let mut values = c.kernel.chunks(size_of::<T>()).map(sent::<T>);
        scope::run([0, 1, 2].map(|index| first.add(index).writing(values.next().unwrap()))).answer()
    }));
    three(writes("scope::run", FromKernel, |c| {
        let first = UserPtr::<T>::from(c.addr);
        let values = c.kernel.chunks(size_of::<T>()).map(sent::<T>).enumerate();
        let batches: Vec<_> = values.map(|(index, value)| first.add(index).writing(value)).collect();
        scope::run(&batches[..]).answer()
    }));
    // Cursors.
    let mut one = |row: Operation| rows.push(row.of(size).form(type_name::<T>()).made_before());
    one(reads("UserReader::read_value", None, |c| {
        let mut reader = UserReader::new(c.range());
        (c.made)();
        let answer = reader.read_value::<T>().answer();
        assert_eq!(reader.remaining(), if answer == Answer::Success { 0 } else { c.len });
        answer
    }));
    one(writes("UserWriter::write_value", FromKernel, |c| {
        let mut writer = UserWriter::new(c.range()).nofault();
        (c.made)();
        let answer = writer.write_value::<T>(sent(c.kernel)).answer();
        assert_eq!(writer.remaining(), if answer == Answer::Success { 0 } else { c.len });
        answer
    }));
    // Arrays.
    macro_rules! both {
        ($make:ident, $pointer:ident, $method:literal, $effect:expr, |$c:ident, $ptr:ident| $run:expr) => {
            both!(@one $make, concat!(stringify!($pointer), "::", $method), $effect, |$c| {
                let $ptr = $pointer::<T>::from($c.addr);
                $run
            });
            both!(@one $make, concat!(stringify!($pointer), "::", $method), $effect, |$c| {
                let $ptr = $pointer::<T>::from($c.addr).nofault();
                $run
            });
        };
        (@one $make:ident, $name:expr, $effect:expr, |$c:ident| $run:expr) => {
            rows.push($make($name, $effect, |$c| $run).of_multiples(size).form(type_name::<[T]>()));
        };
    }
    both!(reads, UserConstPtr, "read_slice", ToKernel, |c, ptr| elements::<T>(c, |buf| {
        ptr.read_slice(buf).answer()
    }));
    both!(reads, UserPtr, "read_slice", ToKernel, |c, ptr| elements::<T>(c, |buf| {
        ptr.read_slice(buf).answer()
    }));
    both!(writes, UserPtr, "write_slice", FromKernel, |c, ptr| {
        elements::<T>(c, |values| ptr.write_slice(values).answer())
    });
    // Their last element is zero.
    let until_zero =
        |row: Operation| row.content(Content::Terminated(size)).refusal(Refusal::UpToLimit(size));
    macro_rules! terminated {
        ($($pointer:ident)+) => {$(
            terminated!(@row $pointer, "read_until_zero", ElementsToKernel(size), |c, ptr| {
                elements::<T>(c, |buf| ptr.read_until_zero(buf).answer())
            });
            terminated!(@row $pointer, "to_vec_until_zero", None, |c, ptr| {
                ptr.to_vec_until_zero(Limit::Bytes(c.len)).answer()
            });
            terminated!(@row $pointer, "append_until_zero", ElementsToKernel(size), |c, ptr| {
                let mut values = vec![T::zeroed(); 2];
                let result = ptr.append_until_zero(&mut values, Limit::Elements(c.len / size_of::<T>()));
                if result.is_ok() {
                    values.push(T::zeroed());
                }
                let bytes: &[u8] = bytemuck::cast_slice(&values[2..]);
                c.kernel[..bytes.len()].copy_from_slice(bytes);
                result.answer()
            });
        )+};
        (@row $pointer:ident, $method:literal, $effect:expr, |$c:ident, $ptr:ident| $run:expr) => {
            for run in [
                (|$c| {
                    let $ptr = $pointer::<T>::from($c.addr);
                    $run
                }) as fn(&mut Call<'_>) -> Answer,
                |$c| {
                    let $ptr = $pointer::<T>::from($c.addr).nofault();
                    $run
                },
            ] {
                let row = reads(concat!(stringify!($pointer), "::", $method), $effect, run);
                rows.push(until_zero(row.of_multiples(size).form(type_name::<[T]>())));
            }
        };
    }
    terminated!(UserConstPtr UserPtr);
    in_regions::<T>(rows);
    // "Proved to lie in the user half": where it is, not what is there.
    let slice = |row: Operation| row.of_multiples(size).form(type_name::<[T]>()).done(Done::NoAccess);
    rows.push(slice(reads("UserConstPtr::slice", None, |c| {
        UserConstPtr::<T>::from(c.addr).slice(c.len / size_of::<T>()).answer()
    })));
    rows.push(slice(writes("UserPtr::slice", None, |c| {
        UserPtr::<T>::from(c.addr).nofault().slice(c.len / size_of::<T>()).answer()
    })));
}

/// Region mode, with each kind of address space.
fn in_regions<T: AnyBitPattern + NoUninit>(rows: &mut Vec<Operation>) {
    let size = size_of::<T>();
    macro_rules! with {
        ($($make:ident $pointer:ident::$method:ident($sizes:ident, $effect:expr, |$c:ident, $space:ident| $run:expr);)+) => {$(
            let row = |run| $make(concat!(stringify!($pointer), "::", stringify!($method)), $effect, run).$sizes(size);
            let run: fn(&mut Call<'_>) -> Answer = |$c| {
                let $space = &mut $c.space(Refuses);
                $run
            };
            rows.push(row(run).form("where an area refuses").done(Done::NothingIfRefused).kind(FaultKind::Permission));
            let run: fn(&mut Call<'_>) -> Answer = |$c| {
                let $space = &mut $c.space(Fails);
                $run
            };
            rows.push(row(run).form("where a page cannot be made present").kind(FaultKind::NotPresent));
            let run: fn(&mut Call<'_>) -> Answer = |$c| {
                let $space = &mut $c.space(Lies);
                $run
            };
            rows.push(row(run).form("where a page has gone since"));
        )+};
    }
    with! {
        reads UserConstPtr::read_in(of, None, |c, space| UserConstPtr::<T>::from(c.addr).read_in(space).answer());
        reads UserPtr::read_in(of, None, |c, space| UserPtr::<T>::from(c.addr).read_in(space).answer());
        writes UserPtr::write_in(of, FromKernel, |c, space| {
            UserPtr::<T>::from(c.addr).write_in(space, sent(c.kernel)).answer()
        });
        reads UserConstPtr::read_slice_in(of_multiples, ToKernel, |c, space| {
            let ptr = UserConstPtr::from(c.addr);
            elements::<T>(c, |buf| ptr.read_slice_in(space, buf).answer())
        });
        reads UserPtr::read_slice_in(of_multiples, ToKernel, |c, space| {
            let ptr = UserPtr::from(c.addr);
            elements::<T>(c, |buf| ptr.read_slice_in(space, buf).answer())
        });
        writes UserPtr::write_slice_in(of_multiples, FromKernel, |c, space| {
            let ptr = UserPtr::from(c.addr);
            elements::<T>(c, |values| ptr.write_slice_in(space, values).answer())
        });
    }
}

/// The value of these bytes.
fn sent<T: AnyBitPattern>(kernel: &[u8]) -> T {
    bytemuck::pod_read_unaligned(kernel)
}

/// Calls `run` with a value of the kernel's bytes, which become the value's.
fn in_place<T: AnyBitPattern + NoUninit>(
    c: &mut Call<'_>,
    run: fn(&mut Call<'_>, &mut T) -> Answer,
) -> Answer {
    let mut value: T = sent(c.kernel);
    let answer = run(c, &mut value);
    c.kernel.copy_from_slice(bytemuck::bytes_of(&value));
    answer
}

/// Calls `run` with elements of the kernel's bytes, which become the elements'.
pub(super) fn elements<T: AnyBitPattern + NoUninit>(
    c: &mut Call<'_>,
    run: impl FnOnce(&mut [T]) -> Answer,
) -> Answer {
    let mut values: Vec<T> = c.kernel.chunks_exact(size_of::<T>()).map(sent).collect();
    let answer = run(&mut values);
    c.kernel.copy_from_slice(bytemuck::cast_slice(&values));
    answer
}

/// The same place, in which any bytes may be put.
fn uninit<T: AnyBitPattern>(value: &mut T) -> &mut MaybeUninit<T> {
    // SAFETY: a `T` may be any bytes, so whatever is put there makes one.
    unsafe { &mut *ptr::from_mut(value).cast::<MaybeUninit<T>>() }
}
