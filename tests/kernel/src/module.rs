// SPDX-License-Identifier: MIT OR Apache-2.0
//! A module as a loader makes it: code, and its part of a table, put into memory of their own.

use core::{
    ptr, slice,
    sync::atomic::{AtomicBool, Ordering},
};

use axhal::paging::MappingFlags;
use axptr::extable::{Entry, Table};
use memory_addr::va;

use crate::{arch, space::PAGE};

/// Where it is loaded: behind the kernel's lazy pages.
const CODE: usize = arch::LAZY_KERNEL_ADDR + 64 * PAGE;
/// Its table, in the same page.
const TABLE: usize = CODE + PAGE / 2;

/// More than the function has.
const CODE_LEN: usize = 128;

/// An entry as it stands in memory (`docs/architecture.md`): the instruction relative to the entry, the landing
/// relative to the instruction, the flags.
#[repr(C)]
struct Relocated {
    insn: i32,
    rest: [u16; 2],
}

static LOADED: AtomicBool = AtomicBool::new(false);

/// The module's one function: [`byte_loop`](crate::byte_loop)'s.
pub type Function = unsafe extern "C" fn(*mut u8, usize, usize) -> usize;

unsafe extern "C" {
    fn kernel_byte_loop(dst: *mut u8, src: usize, len: usize) -> usize;
}

/// Loads it; [`table`] is its table from then on.
pub fn load() -> Function {
    let start = kernel_byte_loop as *const () as usize;
    let image = Table::image();
    let inside = |entry: &&Entry| (start..start + CODE_LEN).contains(&entry.insn());
    let entry = image.entries().iter().find(inside).expect("the function has an access");
    // SAFETY: an entry has eight bytes, of which any are whole numbers.
    let [_, _, rest @ ..] = unsafe { ptr::from_ref(entry).cast::<[u16; 4]>().read() };
    let insn = (CODE + (entry.insn() - start)).wrapping_sub(TABLE) as i32;

    let flags = MappingFlags::READ | MappingFlags::WRITE | MappingFlags::EXECUTE;
    axmm::kernel_aspace().lock().map_alloc(va!(CODE), PAGE, flags, true).expect("a page for the module");
    crate::line::asm::flush_tlb(None);
    // SAFETY: the function's code, and what lies behind it in the same section or the next.
    let code = unsafe { slice::from_raw_parts(start as *const u8, CODE_LEN) };
    // SAFETY: the page is the module's, and has room.
    unsafe { ptr::copy_nonoverlapping(code.as_ptr(), CODE as *mut u8, CODE_LEN) };
    // SAFETY: as above; the place is aligned.
    unsafe { (TABLE as *mut Relocated).write(Relocated { insn, rest }) };
    arch::publish_code(CODE, CODE_LEN);
    LOADED.store(true, Ordering::Release);
    // SAFETY: the function, whose instructions depend on no address.
    unsafe { core::mem::transmute::<usize, Function>(CODE) }
}

/// Takes it away again.
pub fn unload() {
    LOADED.store(false, Ordering::Release);
    axmm::kernel_aspace().lock().unmap(va!(CODE), PAGE).expect("it was loaded");
    crate::line::asm::flush_tlb(None);
}

/// The table of the module, while it is loaded.
pub fn table() -> Option<Table<'static>> {
    let start = TABLE as *const Entry;
    // SAFETY: (1), (2) `load` has made one entry there, for code that lies as it says.
    let table = || unsafe { Table::from_raw(start, start.wrapping_add(1)) }.expect("one entry");
    LOADED.load(Ordering::Acquire).then(table)
}
