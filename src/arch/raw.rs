// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines of `asm/<arch>`. Each contract stands above the label of its routine.
//!
//! User memory is given by pointers here: the routines access it with the provenance that those have.

/// The result of a routine, in two registers.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Outcome {
    /// The number of bytes not done.
    pub(crate) left: usize,
    /// 0, or the cause that the trap handler wrote.
    pub(crate) cause: usize,
}

unsafe extern "C" {
    pub(crate) fn __axptr_copy_from_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_to_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_in_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_fill_user(dst: *mut u8, byte: u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_string(dst: *mut u8, src: *const u8, max: usize) -> Outcome;

    pub(crate) fn __axptr_copy_from_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_to_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_in_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_fill_user_nofault(dst: *mut u8, byte: u8, len: usize) -> Outcome;
    pub(crate) fn __axptr_copy_string_nofault(dst: *mut u8, src: *const u8, max: usize) -> Outcome;
}

unsafe extern "C" {
    #[link_name = "__axptr_sentinel"]
    pub(crate) static SENTINEL: u8;
    #[link_name = "__axptr_sentinel_landing"]
    pub(crate) static SENTINEL_LANDING: u8;
    #[link_name = "__axptr_unlisted_insn"]
    pub(crate) static UNLISTED_INSN: u8;
    #[link_name = "__axptr_unlisted_stepped_over"]
    pub(crate) static UNLISTED_STEPPED_OVER: u8;
    #[link_name = "__axptr_unlisted"]
    pub(crate) fn unlisted(addr: usize) -> usize;
}
