// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keeps an image loaded for as long as the process lives: the kernel calls the handler, whoever closes the library.

use core::{
    ffi::{c_char, c_int, c_void},
    mem::{self, MaybeUninit},
    ptr,
};

use crate::arch;

/// The dynamic loader does not know the image, or does not keep it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unloadable;

type DlAddr = unsafe extern "C" fn(*const c_void, *mut libc::Dl_info) -> c_int;
type DlOpen = unsafe extern "C" fn(*const c_char, c_int) -> *mut c_void;

/// Keeps the image that holds this address.
pub(super) fn pin(address: *const c_void) -> Result<(), Unloadable> {
    // A program that is linked statically has neither function, and nothing that could be unloaded. It must not get them
    // by our reference: so that is weak.
    let (find, open) = (arch::weak_address!("dladdr"), arch::weak_address!("dlopen"));
    if find == 0 || open == 0 {
        return Ok(());
    }
    // SAFETY: both are the C library's functions of these names, whose types these are.
    let find = unsafe { mem::transmute::<*const (), DlAddr>(ptr::with_exposed_provenance(find)) };
    // SAFETY: as above.
    let open = unsafe { mem::transmute::<*const (), DlOpen>(ptr::with_exposed_provenance(open)) };
    let Some(image) = image_of(find, address) else { return Ok(()) };
    // SAFETY: asks only.
    let program = unsafe { libc::getauxval(libc::AT_PHDR) };
    let program = image_of(find, ptr::without_provenance(program as usize));
    if program.is_some_and(|program| program.dli_fbase == image.dli_fbase) {
        // Its name is what it was called by, which nobody can open. It stays anyway.
        return Ok(());
    }
    let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: the loader's own name for an image that is loaded. Nothing is loaded, and no code of the image runs.
    let handle = unsafe { open(image.dli_fname, flags) };
    if handle.is_null() { Err(Unloadable) } else { Ok(()) }
}

/// The image that holds an address. None if the loader knows of none, as in a program that is linked statically.
fn image_of(find: DlAddr, address: *const c_void) -> Option<libc::Dl_info> {
    let mut info = MaybeUninit::uninit();
    // SAFETY: any address will do, and there is room.
    let found = unsafe { find(address, info.as_mut_ptr()) } != 0;
    // SAFETY: the call has filled it.
    found.then(|| unsafe { info.assume_init() })
}
