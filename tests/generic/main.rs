// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every public generic function, for types of every class of size and every alignment: it compiles, and does what a
//! plain slice of bytes would.
//!
//! Generic code is checked where it is instantiated: a size at which nobody has called a method may not even compile.
//! The sizes lie around each power of two and each border between two ways of working. The sources are read to see that
//! no generic function is missing.

#![cfg(target_os = "linux")]

mod bare;
mod bed;
mod contexts;
mod plain;
#[path = "../support/sources.rs"]
mod sources;
mod values;

use axptr::{UserPtr, atomic::AtomicValue};
use bed::Bed;
use plain::{Aligned1, Aligned2, Aligned4, Aligned8, Aligned16};
use sources::{Function, faults_of, functions_of, public_functions};

/// Exercises the type of each size: of the first ones, which lie around the borders between two ways of working, without
/// the pager as well; of the last ones, which one routine does, in the build that compiles fastest. (All of all in all
/// builds would take minutes.)
macro_rules! exercise {
    ($name:ident: $($both:literal)+; $($size:literal)+; $($large:literal)+) => {{
        let mut bed = Bed::new();
        $(
            values::exercise::<$name<$both>, _>(&mut bed, UserPtr::new);
            values::exercise::<$name<$both>, _>(&mut bed, |addr| UserPtr::new(addr).nofault());
            values::without_context::<$name<$both>>(&mut bed);
            bare::values::<$name<$both>>(&mut bed);
        )+
        $(
            values::exercise::<$name<$size>, _>(&mut bed, UserPtr::new);
            values::without_context::<$name<$size>>(&mut bed);
            bare::values::<$name<$size>>(&mut bed);
        )+
        #[cfg(all(debug_assertions, target_arch = "x86_64"))]
        {
            $(
                values::exercise::<$name<$large>, _>(&mut bed, UserPtr::new);
                values::without_context::<$name<$large>>(&mut bed);
            )+
        }
    }};
}

#[test]
fn values_of_each_size_aligned_to_1() {
    exercise!(Aligned1: 0 1 2 3 4 5 7 8 9 15 16 17 24 31 33 63 64 65 129 513 4095; 6 12 32 40 47 48 56 66 72
        96 127 128 144; 255 256 257 511 512 1023 1024 1025 2047 2048 2049 4096);
}

#[test]
fn values_of_each_size_aligned_to_2() {
    exercise!(Aligned2: 2 6 30 62 66; 0 4 8 12 16 24 32 40 48 56 64 72 96 128 144; 256 512 1024 2048 4096);
}

#[test]
fn values_of_each_size_aligned_to_4() {
    exercise!(Aligned4: 4 12 28 60 72; 0 8 16 24 32 40 48 56 64 96 128 144; 256 512 1024 2048 4096);
}

#[test]
fn values_of_each_size_aligned_to_8() {
    exercise!(Aligned8: 8 16 24 32 40 48 56 64 72 4096; 0 96 128 144; 256 512 1024 2048);
}

#[test]
fn values_of_each_size_aligned_to_16() {
    exercise!(Aligned16: 16 64 96; 0 32 48 128 144; 256 512 1024 2048 4096);
}

#[test]
fn atomics_of_each_integer() {
    atomics_in_each_context(&mut Bed::new());
}

#[test]
fn what_is_generic_over_the_context_alone() {
    in_each_context(&mut Bed::new());
}

#[test]
fn every_generic_function_is_exercised() {
    let mut bed = Bed::new();
    values::exercise::<Aligned4<12>, _>(&mut bed, UserPtr::new);
    values::without_context::<Aligned4<12>>(&mut bed);
    bare::values::<Aligned4<12>>(&mut bed);
    atomics_in_each_context(&mut bed);
    in_each_context(&mut bed);
    let elsewhere = [
        // Over the trap frame, of which there is one per machine: `tests/signals`, `tests/own_handler.rs`, the kernels, and
        // the unit tests.
        "Landing::apply",
        "OwnFault::step_over",
        "rehearsal::selftest",
        "trap::recover",
        "trap::recover_in",
    ];
    let listed = bed.seen().chain(elsewhere);
    assert_eq!(faults_of(&public_functions(), is_generic, listed), [""; 0]);
}

#[test]
fn a_generic_function_that_is_not_exercised_is_found() {
    let text = "
        impl<'a> Plain<'a> { pub fn no<'b>(&'b self) -> Vec<u8> {} pub fn one<T>(self) {} pub fn two(f: &mut impl Fn()) {} }
        impl<T: Copy> Typed<T> { pub const fn three(self) -> T { } fn private(self) {} }
        pub fn four<const N: usize>(n: [u8; N]) {}
        pub fn not(n: [u8; 4]) -> impl Iterator<Item = u8> {}
    ";
    let functions = functions_of(&["module".to_owned()], text);
    let names = ["Plain::one", "Plain::two", "Typed::three", "module::four"];
    assert_eq!(faults_of(&functions, is_generic, names), [""; 0]);
    assert_eq!(faults_of(&functions, is_generic, names[..3].iter().copied()).len(), 1);
}

/// Whether there is something to choose for who calls it: more than a lifetime.
fn is_generic(function: &Function) -> bool {
    let tokens: Vec<_> = function.signature.iter().map(String::as_str).collect();
    let fn_at = tokens.iter().position(|token| *token == "fn").expect("it is a function");
    let has_parameter = |from: usize| {
        let mut depth = 0;
        let mut is_first = false;
        for token in &tokens[from..] {
            match *token {
                "<" => depth += 1,
                ">" => depth -= 1,
                token if is_first && !token.starts_with('\'') => return true,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            is_first = depth == 1 && matches!(*token, "<" | ",");
        }
        false
    };
    let arguments = tokens[fn_at..].iter().take_while(|token| **token != "->");
    has_parameter(1) || has_parameter(fn_at + 2) || arguments.into_iter().any(|token| *token == "impl")
}

fn in_each_context(bed: &mut Bed) {
    contexts::exercise(bed, UserPtr::new);
    contexts::exercise(bed, |addr| UserPtr::new(addr).nofault());
    contexts::without_context(bed);
    bare::places(bed);
    values::pointers(bed, UserPtr::<Aligned4<12>>::new(0x1000).nofault());
}

fn atomics_in_each_context(bed: &mut Bed) {
    fn of<T: AtomicValue + std::fmt::Debug>(bed: &mut Bed) {
        contexts::atomics::<T, _>(bed, UserPtr::new);
        contexts::atomics::<T, _>(bed, |addr| UserPtr::new(addr).nofault());
    }
    of::<u8>(bed);
    of::<i8>(bed);
    of::<u16>(bed);
    of::<i16>(bed);
    of::<u32>(bed);
    of::<i32>(bed);
    of::<u64>(bed);
    of::<i64>(bed);
    of::<usize>(bed);
    of::<isize>(bed);
}
