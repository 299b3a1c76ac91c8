// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every public generic function, for types of every class of size and every alignment: it compiles, and does what a
//! plain slice of bytes would.
//!
//! Generic code is checked where it is instantiated: a size at which nobody has called a method may not even compile.
//! The sizes lie around each power of two and each border between two ways of working. The sources are read to see that
//! no generic function is missing.

#![cfg(target_os = "linux")]

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

/// Exercises the type of each size, in both contexts.
macro_rules! exercise {
    ($name:ident: $($size:literal)+) => {{
        let mut bed = Bed::new();
        $(
            values::exercise::<$name<$size>, _>(&mut bed, UserPtr::new);
            values::exercise::<$name<$size>, _>(&mut bed, |addr| UserPtr::new(addr).nofault());
            values::without_context::<$name<$size>>(&mut bed);
        )+
    }};
}

#[test]
fn values_of_each_size_aligned_to_1() {
    exercise!(Aligned1: 0 1 2 3 4 5 6 7 8 9 12 15 16 17 23 24 31 32 33 40 47 48 56 63 64 65 66 72 96
        127 128 129 144 255 256 257 511 512 513 1023 1024 1025 2047 2048 2049 4095 4096);
}

#[test]
fn values_of_each_size_aligned_to_2() {
    exercise!(Aligned2: 0 2 4 6 8 10 12 14 16 18 24 30 32 34 40 46 48 56 62 64 66 72 96 126 128 144
        254 256 258 512 1022 1024 2048 4094 4096);
}

#[test]
fn values_of_each_size_aligned_to_4() {
    exercise!(Aligned4: 0 4 8 12 16 20 24 28 32 36 40 48 56 60 64 68 72 96 124 128 132 144 256 260
        512 1024 2048 4092 4096);
}

#[test]
fn values_of_each_size_aligned_to_8() {
    exercise!(Aligned8: 0 8 16 24 32 40 48 56 64 72 80 96 120 128 136 144 256 264 512 1024 2048 4088
        4096);
}

#[test]
fn values_of_each_size_aligned_to_16() {
    exercise!(Aligned16: 0 16 32 48 64 80 96 112 128 144 240 256 272 512 1024 2048 4080 4096);
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
    atomics_in_each_context(&mut bed);
    in_each_context(&mut bed);
    let elsewhere = [
        // Over the trap frame, of which there is one per machine: `tests/signals`, and the kernels.
        "Landing::apply",
        "trap::recover",
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
