// SPDX-License-Identifier: MIT OR Apache-2.0
//! Executes each routine from the image's bytes, in every case of a bound: whatever memory refuses, the routine answers
//! exactly what it has done.
//!
//! Nothing of the program runs. An interpreter reads the routine's instructions out of the linked program ([`text`], and
//! `translate` for what each of a machine does), on a memory of its own (`memory`). When an access reaches memory that is
//! not there, it changes nothing. Then the interpreter does what a trap handler does: it looks up the instruction's entry,
//! writes the cause into the register for it, and goes on at the landing.
//!
//! At the return `trial` holds against a model that is made from the contract alone (`contract`):
//!
//! - how many bytes are left: all behind the first byte that is not there, and those only,
//! - that these bytes have arrived, and that no byte behind them was touched,
//! - that no access was outside of the two ranges; a string may be read by whole pieces, of pages that it lies in,
//! - the cause, the window, the registers that a caller relies on, the upper halves of vector registers,
//! - how often memory refused an access: one fault per failed copy (design, C16).
//!
//! And each entry must have been reached: one that no case comes to is a violation, too.
//!
//! # The bound
//!
//! [`bound`] lists the cases: each way of working that the CPU feature byte and the window choose (`ways`), each entry point,
//! each length up to the bound's, with the edge at each byte of it, on each side and on both; the other side at each
//! alignment that the text tells apart (or, for vector registers, at one that changes with length and edge, and at one that
//! makes the copy an exception); a page that is bad at the start and ends soon; a cause that ends inside a page; memory that
//! goes in front of each single access, for good or for that access only. Longer lengths are those around each class's
//! limits and each number of turns up to two; then a few that 32 bits do not hold, of memory that ends early (`far`). A fill's byte
//! has its top bit in some cases, and a string further zeros behind its first one.
//!
//! Why it is enough:
//!
//! - A routine looks at a length by comparing it with a class's limits, at an address by its low bits, and at the distance
//!   between the two modulo a page. So lengths and addresses that agree in these take the same path, and the bound has
//!   each of their combinations with an edge.
//! - Whether it looks at all of a length shows where the bits above 32 are all that makes it long.
//! - The turns of a block's loop are alike: from one to the next only the registers that point and count move, by the
//!   block's size. What one turn can hand on to the next, as the word that is joined or the bytes that are stored already, is there
//!   from the second turn on. So two turns and what follows them stand for all; the third adds none.
//! - A landing knows of the past only what the registers say. These are the same at the first fault of all cases with the
//!   same rest.
//! - String instructions are one access per element, and their registers say how far they are.
//!
//! `cargo xtask audit --counts` executes a part of the bound that still reaches each entry in each way, and takes minutes; with
//! `AXPTR_BOUNDED=all` it executes all of it: twice to four times the lengths, with all pairs of alignments.
//!
//! # Off by one
//!
//! `seeded::landing` moves each entry's landing to the next instruction and to the neighbouring landings, and each number
//! of the instructions behind a landing up and down by one. At each place it must be found, from the bytes alone.

pub mod bound;
mod bulk;
mod case;
mod contract;
mod far;
mod machine;
mod memory;
mod micro;
mod numbers;
pub mod prove;
pub mod sample;
pub mod text;
mod trace;
mod translate;
mod trial;
mod vectors;
mod ways;
