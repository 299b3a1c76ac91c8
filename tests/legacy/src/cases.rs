// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the calls must come to.

use alloc::{format, string::String, vec, vec::Vec};
use core::{
    ffi::{c_char, c_void},
    fmt::Debug,
    mem::offset_of,
    ops::DerefMut,
};

use axerrno::{LinuxError, LinuxResult};
use axhal::paging::MappingFlags;
use axptr::{UserConstPtr, UserPtr, is_accessing_user_memory, legacy};
use memory_addr::{PAGE_SIZE_4K as PAGE, VirtAddr};

use crate::{
    Task,
    calls::{self, Frame, Stat, TimeSpec},
    handle_page_fault,
};

/// Runs on a task without any memory, whose address space is in place, with user memory open to the kernel.
pub type Case = fn(&Task) -> Result<(), String>;

macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        &[$((stringify!($name), $name as Case)),+]
    };
}

/// All of them.
pub const CASES: &[(&str, Case)] = cases![
    pointers_are_addresses,
    a_frame_without_bounds_is_changed_in_place,
    structs_go_out_and_optional_ones_only_if_wanted,
    untyped_buffers_become_bytes,
    no_length_panics,
    what_is_missing_is_an_error,
    a_lazy_page_is_made_without_losing_data,
    words_end_at_the_first_default,
    text_that_is_none_is_told_apart,
    execve_reads_everything_under_the_lock,
    execve_under_the_lock_ends_in_an_error_where_memory_is_missing,
    a_protected_page_is_an_error_under_the_lock,
    the_handler_pages_in_for_user_space_only,
];

macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(format!($($reason)+));
        }
    };
}

/// Where the cases map their memory.
const BASE: usize = 0x30_0000_0000;

const READ_ONLY: MappingFlags = MappingFlags::READ.union(MappingFlags::USER);
const READ_WRITE: MappingFlags = READ_ONLY.union(MappingFlags::WRITE);

/// Maps pages from page `index` on, and returns their address.
fn map(task: &Task, index: usize, count: usize, flags: MappingFlags, populate: bool) -> usize {
    let start = BASE + index * PAGE;
    let mapped = task.aspace.lock().map_alloc(start.into(), count * PAGE, flags, populate);
    assert_eq!(mapped, Ok(()), "{count} pages at {start:#x}");
    start
}

/// Writes past all that is to be proved, through the kernel's own mapping.
fn poke(task: &Task, addr: usize, bytes: &[u8]) {
    let written = task.aspace.lock().write(addr.into(), bytes);
    assert_eq!(written, Ok(()), "{} bytes at {addr:#x}", bytes.len());
}

/// Reads in the way of [`poke`].
fn peek(task: &Task, addr: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let read = task.aspace.lock().read(addr.into(), &mut bytes);
    assert_eq!(read, Ok(()), "{len} bytes at {addr:#x}");
    bytes
}

fn poke_words(task: &Task, addr: usize, words: &[usize]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    poke(task, addr, &bytes);
}

fn is_present(task: &Task, addr: usize) -> bool {
    task.aspace.lock().page_table().query(addr.into()).is_ok()
}

fn efault<T: Debug>(what: &str, result: LinuxResult<T>) -> Result<(), String> {
    fails(what, result, LinuxError::EFAULT)
}

fn fails<T: Debug>(what: &str, result: LinuxResult<T>, wanted: LinuxError) -> Result<(), String> {
    match result {
        Err(error) if error == wanted => Ok(()),
        other => Err(format!("{what}: {other:?}, not {wanted:?}")),
    }
}

fn pointers_are_addresses(_: &Task) -> Result<(), String> {
    let (ptr, reads) = (UserPtr::<Frame>::from(BASE), UserConstPtr::<c_void>::from(BASE + 1));
    ensure!(ptr.address() == VirtAddr::from(BASE) && reads.address().as_usize() == BASE + 1, "address");
    // SAFETY: not dereferenced.
    let raw: *mut Frame = unsafe { ptr.as_ptr() };
    // SAFETY: not dereferenced.
    let raw_reads: *const c_void = unsafe { reads.as_ptr() };
    ensure!(raw as usize == BASE && raw_reads as usize == BASE + 1, "{raw:?}, {raw_reads:?}");
    ensure!(ptr.cast::<u8>().address() == VirtAddr::from(BASE), "cast");
    ensure!(!ptr.is_null() && ptr.nullable().is_some(), "null");
    let null: UserConstPtr<Stat> = 0.into();
    ensure!(null.is_null() && null.nullable().is_none() && null.cast::<u8>().is_null(), "not null");
    ensure!(UserPtr::<Stat>::ACCESS_FLAGS == MappingFlags::READ | MappingFlags::WRITE, "what writes needs");
    ensure!(UserConstPtr::<Stat>::ACCESS_FLAGS == MappingFlags::READ, "what reads needs");
    Ok(())
}

fn a_frame_without_bounds_is_changed_in_place(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, true) + 64;
    poke_words(task, addr, &[41]);
    poke_words(task, addr + offset_of!(Frame, pc), &[0x1234]);
    for (round, in_call) in [1, 0].into_iter().enumerate() {
        let pc = calls::sigreturn(task, addr);
        ensure!(pc == Ok(0x1234), "{pc:?}");
        let first = UserConstPtr::<usize>::from(addr).get(task).copied();
        ensure!(first == Ok(42 + round), "register 0 holds {first:?}");
        let found = peek(task, addr + offset_of!(Frame, in_call), 1);
        ensure!(found == [in_call], "{found:?} in round {round}");
    }
    ensure!(!is_accessing_user_memory(), "the flag is still set");
    efault("misaligned", calls::sigreturn(task, addr + 1))
}

fn structs_go_out_and_optional_ones_only_if_wanted(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, true);
    let result = calls::fstat(task, addr.into());
    ensure!(result == Ok(0), "{result:?}");
    let size = UserConstPtr::<Stat>::from(addr).get(task).map(|stat| (stat.mode, stat.size));
    ensure!(size == Ok((0o644, 1 << 40)), "{size:?}");

    poke_words(task, addr, &[5, 17, 0, 0]);
    let behind = addr + size_of::<TimeSpec>();
    let result = calls::nanosleep(task, addr.into(), 0.into());
    ensure!(result == Ok(0) && peek(task, behind, 16) == [0; 16], "nothing was wanted: {result:?}");
    let result = calls::nanosleep(task, addr.into(), behind.into());
    let remaining = UserConstPtr::<TimeSpec>::from(behind);
    let found = remaining.get(task);
    ensure!(result == Ok(0) && found == Ok(&TimeSpec { seconds: 4, nanos: 17 }), "{result:?}, {found:?}");
    poke_words(task, addr + 8, &[1_000_000_000]);
    fails("too many", calls::nanosleep(task, addr.into(), 0.into()), LinuxError::EINVAL)?;
    efault("no struct", calls::nanosleep(task, 0.into(), 0.into()))
}

fn untyped_buffers_become_bytes(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 3, READ_WRITE, true);
    poke(task, addr, &[7; 3 * PAGE]);
    let len = PAGE + 11;
    let result = calls::read(task, (addr + 3).into(), len);
    ensure!(result == Ok(len as isize), "{result:?}");
    let found = peek(task, addr, 3 * PAGE);
    let zeroed = found[3..len + 2].iter().all(|&byte| byte == 0);
    ensure!(zeroed && found[len + 2] == 1, "wrong bytes");
    let untouched = found[..3].iter().chain(&found[len + 3..]).all(|&byte| byte == 7);
    ensure!(untouched, "bytes outside");
    let sum = calls::write(task, (addr + len).into(), 10);
    ensure!(sum == Ok(7 * 7 + 1), "{sum:?}");
    let none = (calls::read(task, addr.into(), 0), calls::write(task, addr.into(), 0));
    ensure!(none == (Ok(0), Ok(0)), "{none:?}");
    Ok(())
}

/// The earlier axptr unwrapped a layout.
fn no_length_panics(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, true);
    for length in [2, 1 << 47, isize::MAX as usize / 16, usize::MAX / 2, usize::MAX] {
        let mut ptr = UserPtr::<[u8; PAGE]>::from(addr);
        efault("for writes", ptr.get_as_slice(task, length).map(|it| it.len()))?;
        let reads = UserConstPtr::<[u8; PAGE]>::from(addr);
        efault("for reads", reads.get_as_slice(task, length).map(<[_]>::len))?;
    }
    for addr in [usize::MAX - 7, 1 << 63, 0xffff_8000_0020_0000] {
        efault("out of reach", UserConstPtr::<u64>::from(addr).get(task))?;
        efault("out of reach", UserPtr::<u64>::from(addr).get(task))?;
        efault("out of reach", UserConstPtr::<c_char>::from(addr).get_as_str(task))?;
    }
    Ok(())
}

fn what_is_missing_is_an_error(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, true);
    let read_only = map(task, 2, 1, READ_ONLY, true);
    let private = map(task, 4, 1, MappingFlags::READ | MappingFlags::WRITE, true);
    efault("null", calls::sigreturn(task, 0))?;
    efault("no area", calls::fstat(task, (addr + PAGE).into()))?;
    efault("an unmapped tail", calls::read(task, (addr + 1).into(), PAGE))?;
    efault("read-only", calls::fstat(task, read_only.into()))?;
    ensure!(UserConstPtr::<Stat>::from(read_only).get(task).is_ok(), "read-only memory may be read");
    efault("the kernel's", UserConstPtr::<u64>::from(private).get(task))?;
    efault("the kernel's", UserPtr::<u64>::from(private).get(task))?;
    let words = vec![b'a'; PAGE];
    poke(task, addr, &words);
    efault("a string without an end", calls::path(addr.into(), task))
}

fn a_lazy_page_is_made_without_losing_data(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 4, READ_WRITE, false);
    ensure!(!is_present(task, addr), "it is there already");
    let mut ptr = UserPtr::<u64>::from(addr + 8);
    let value = ptr.get(task);
    ensure!(value == Ok(&mut 0), "{value:?}");
    if let Ok(value) = value {
        *value = 0x1122;
    }
    // axmm by itself would put a fresh page in its place, each time.
    for _ in 0..3 {
        let again = (ptr.get(task).copied(), UserConstPtr::<u64>::from(addr + 8).get(task).copied());
        ensure!(again == (Ok(0x1122), Ok(0x1122)), "{again:x?}");
        let slice = ptr.get_as_slice(task, 2).map(|values| values[0]);
        ensure!(slice == Ok(0x1122), "{slice:x?}");
    }
    ensure!(!is_present(task, addr + PAGE), "a page that nobody asked for");
    // A slice over a page that is there and two that are not.
    let sum = calls::write(task, addr.into(), 3 * PAGE);
    ensure!(sum == Ok(0x11 + 0x22), "{sum:?}");
    ensure!(is_present(task, addr + 2 * PAGE) && !is_present(task, addr + 3 * PAGE), "the wrong pages");
    Ok(())
}

fn words_end_at_the_first_default(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 2, READ_WRITE, true);
    poke_words(task, addr + PAGE - 24, &[3, 4, 5, 6, 0, 7]);
    let marked = calls::mark_words(task, (addr + PAGE - 24).into());
    ensure!(marked == Ok(4), "{marked:?}");
    let words = UserConstPtr::<usize>::from(addr + PAGE - 24);
    let found = words.get_as_null_terminated(task);
    ensure!(found == Ok(&[1; 4][..]), "{found:?}");
    let behind = UserConstPtr::<usize>::from(addr + PAGE + 16).get(task).copied();
    ensure!(behind == Ok(7), "{behind:?}");
    efault("misaligned", calls::mark_words(task, (addr + 4).into()))?;
    // 33 pages without an end: more than Linux allows a string. An array has a limit of its own, and 33 pages of pointers
    // are within it (execve(2) takes them).
    let long = map(task, 8, 33, READ_WRITE, true);
    poke(task, long, &vec![b'x'; 33 * PAGE]);
    let bytes = UserConstPtr::<u8>::from(long);
    legacy::set_array_limit(32 * PAGE);
    let told = (bytes.get_as_null_terminated(task).map(<[u8]>::len), calls::mark_words(task, long.into()));
    legacy::set_array_limit(legacy::DEFAULT_ARRAY_LIMIT);
    fails("bytes", told.0, LinuxError::E2BIG)?;
    fails("words", told.1, LinuxError::E2BIG)?;
    fails("a path", calls::path(long.into(), task), LinuxError::E2BIG)?;
    poke_words(task, long + 33 * PAGE - 8, &[0]);
    let marked = calls::mark_words(task, long.into());
    ensure!(marked == Ok(33 * PAGE / 8 - 1), "{marked:?}");
    Ok(())
}

fn text_that_is_none_is_told_apart(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, true);
    poke(task, addr, b"/bin/\xc3\xa9\0\xff\xfe\0");
    let text = calls::path(addr.into(), task);
    ensure!(text.as_deref() == Ok("/bin/\u{e9}"), "{text:?}");
    let under_lock = calls::path(addr.into(), task.aspace.lock().deref_mut());
    ensure!(under_lock == text, "{under_lock:?} under the lock");
    let empty = calls::path((addr + 7).into(), task);
    ensure!(empty.as_deref() == Ok(""), "{empty:?}");
    fails("no text", calls::path((addr + 8).into(), task), LinuxError::EILSEQ)?;
    fails("half a character", calls::path((addr + 6).into(), task), LinuxError::EILSEQ)
}

/// A program's arguments: two strings, one across a page's end; the environment lies in lazy pages.
struct Program {
    path: usize,
    argv: usize,
    envp: usize,
}

const LONG: usize = PAGE + 100;

impl Program {
    fn new(task: &Task) -> Self {
        let text = map(task, 0, 3, READ_WRITE, true);
        poke(task, text, b"/bin/true\0-v\0");
        let mut long = vec![b'l'; LONG];
        long.push(0);
        poke(task, text + 50, &long);
        let argv = map(task, 4, 2, READ_WRITE, true) + PAGE - 16;
        poke_words(task, argv, &[text + 5, text + 10, text + 50, 0]);
        // Nothing but zeroes: an empty environment, and not there yet.
        let envp = map(task, 7, 1, READ_WRITE, false);
        Self { path: text, argv, envp }
    }

    fn run(&self, task: &Task) -> LinuxResult<(String, Vec<String>, Vec<String>)> {
        calls::execve(task, self.path.into(), self.argv.into(), self.envp.into())
    }
}

fn execve_reads_everything_under_the_lock(task: &Task) -> Result<(), String> {
    let program = Program::new(task);
    let (path, args, envs) = program.run(task).map_err(|error| format!("{error:?}"))?;
    ensure!(path == "/bin/true", "{path:?}");
    ensure!(args[..2] == ["true", "-v"] && args.len() == 3, "{args:?}");
    ensure!(args[2].len() == LONG && args[2].bytes().all(|byte| byte == b'l'), "the long one");
    ensure!(envs.is_empty() && is_present(task, program.envp), "{envs:?}");
    poke_words(task, program.envp, &[program.path, 0]);
    let again = program.run(task).map(|(.., envs)| envs);
    ensure!(again.as_deref() == Ok(&["/bin/true".into()]), "{again:?}");
    Ok(())
}

fn execve_under_the_lock_ends_in_an_error_where_memory_is_missing(task: &Task) -> Result<(), String> {
    let program = Program::new(task);
    let [text, tables] = [program.path, program.argv / PAGE * PAGE];
    // The page in the middle of the long string; the second page of the table; the path's own.
    for missing in [text + PAGE, tables + PAGE, text] {
        let unmapped = task.aspace.lock().unmap(missing.into(), PAGE);
        ensure!(unmapped == Ok(()), "{unmapped:?}");
        efault("a page is missing", program.run(task))?;
        ensure!(task.aspace.try_lock().is_some(), "the lock is still held");
        map(task, (missing - BASE) / PAGE, 1, READ_WRITE, true);
    }
    // The last page's string has no end: the tail is not mapped.
    poke(task, text + 2 * PAGE, &[b'l'; PAGE]);
    poke_words(task, program.argv, &[text + 2 * PAGE, 0]);
    poke(task, text, b"/bin/true\0");
    efault("an unmapped tail", program.run(task))?;
    for bad in [1, PAGE / 2, usize::MAX, 1 << 63] {
        poke_words(task, program.argv, &[bad, 0]);
        efault("a string nowhere", program.run(task))?;
    }
    efault("no table", calls::execve(task, text.into(), 0.into(), program.envp.into()))
}

/// axmm's `protect` changes the page table and not the area: only the page tells.
fn a_protected_page_is_an_error_under_the_lock(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 3, READ_WRITE, true);
    let protect = |flags| task.aspace.lock().protect((addr + PAGE).into(), PAGE, flags);
    ensure!(protect(READ_ONLY) == Ok(()), "protect");
    let under_lock = |start: usize| {
        let mut guard = task.aspace.lock();
        let written = UserPtr::<u8>::from(start).get_as_slice(guard.deref_mut(), PAGE).map(|it| it.len());
        let read = UserConstPtr::<u8>::from(start).get_as_slice(&mut *guard, PAGE).map(<[u8]>::len);
        (written, read)
    };
    for start in [addr + PAGE, addr + 1, addr + 2 * PAGE - 1] {
        let (written, read) = under_lock(start);
        efault("a write to a protected page", written)?;
        ensure!(read == Ok(PAGE), "{read:?}");
    }
    let (written, read) = under_lock(addr);
    ensure!(written == Ok(PAGE) && read == Ok(PAGE), "{written:?}, {read:?} beside it");
    ensure!(protect(MappingFlags::READ) == Ok(()), "protect");
    let (written, read) = under_lock(addr + PAGE);
    efault("a write to the kernel's page", written)?;
    efault("a read of the kernel's page", read)?;
    poke(task, addr, &[b'a'; PAGE]);
    efault("a path into the kernel's page", calls::path(addr.into(), task.aspace.lock().deref_mut()))
}

fn the_handler_pages_in_for_user_space_only(task: &Task) -> Result<(), String> {
    let addr = map(task, 0, 1, READ_WRITE, false);
    let guard = task.aspace.lock();
    // It does not even look: the lock is held.
    let handled = handle_page_fault(task, addr.into(), MappingFlags::WRITE, false);
    drop(guard);
    ensure!(!handled && !is_present(task, addr), "the kernel's own fault was handled");
    let handled = handle_page_fault(task, addr.into(), READ_WRITE, true);
    ensure!(handled && is_present(task, addr), "user space's fault was not");
    let handled = handle_page_fault(task, (addr + PAGE).into(), READ_WRITE, true);
    ensure!(!handled, "a page from nowhere");
    Ok(())
}
