// SPDX-License-Identifier: MIT OR Apache-2.0
//! Types of any size and alignment that are nothing but bytes.

use std::cell::Cell;

use axptr::{AnyBitPattern, NoUninit, iovec::RawIoVec};
use bytemuck::Zeroable;

/// What the tests ask of a type: all that any function asks.
pub(crate) trait Plain: AnyBitPattern + NoUninit + RawIoVec + Eq + Default {}

thread_local! {
    /// Where the ranges are that the types describe as elements of a vector: tests beside each other have beds of their own.
    pub(crate) static BASE: Cell<usize> = const { Cell::new(0) };
}

macro_rules! aligned {
    ($($name:ident: $align:literal)+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(C, align($align))]
        pub(crate) struct $name<const N: usize>([u8; N]);

        // SAFETY: bytes.
        unsafe impl<const N: usize> Zeroable for $name<N> {}
        // SAFETY: bytes, which may be any; what is behind them, if there is something, may be as well.
        unsafe impl<const N: usize> AnyBitPattern for $name<N> {}
        // SAFETY: bytes, and no padding: the size is a multiple of the alignment, or this does not compile.
        unsafe impl<const N: usize> NoUninit for $name<N> {}

        impl<const N: usize> Default for $name<N> {
            fn default() -> Self {
                const { assert!(N.is_multiple_of($align), "there would be padding") };
                Self([0; N])
            }
        }

        /// A layout of our own: a byte that says how far from the base, and one that says how long, if there are two.
        impl<const N: usize> RawIoVec for $name<N> {
            fn parts(&self) -> Option<(usize, usize)> {
                let [offset, len] = [0, 1].map(|at| usize::from(self.0.get(at).copied().unwrap_or(3)));
                Some((BASE.get() + offset, len))
            }
        }

        impl<const N: usize> Plain for $name<N> {}
    )+};
}

aligned!(Aligned1: 1 Aligned2: 2 Aligned4: 4 Aligned8: 8 Aligned16: 16);
