// SPDX-License-Identifier: MIT OR Apache-2.0
//! StarryOS with axptr inside: which functions get another body, and what it is.

use super::compiler;
use crate::{
    clients::{
        edit::{
            Change::{self, All, Behind, Each, Front, Statement},
            Edit,
            Place::{self, File, Fn, FnIn, Struct},
        },
        sources::Package,
    },
    root::root,
};

/// A package of which the kernel gets an edited copy.
#[derive(Debug)]
pub struct Edited {
    pub package: Package,
    /// What it needs to be compiled at all: in both variants.
    pub for_compiler: &'static [Edit],
    /// What the variant with axptr has beside.
    pub for_axptr: &'static [Edit],
}

const KERNEL: Package = Package { name: "starry-kernel", version: "0.12.1" };
const FILES: Package = Package { name: "ax-fs-ng", version: "0.11.2" };

pub const EDITED: &[Edited] = &[
    Edited { package: KERNEL, for_compiler: compiler::OF_KERNEL, for_axptr: OF_KERNEL },
    Edited { package: FILES, for_compiler: &[], for_axptr: OF_FILES },
];

/// What an edited package's manifest has in addition.
pub fn manifest(package: Package) -> String {
    if package.name != KERNEL.name {
        return String::new();
    }
    format!(
        "\n[dependencies.axptr]\npath = {:?}\ndefault-features = false\nfeatures = [\"alloc\", \"ax-cpu\"]\n",
        root().display().to_string()
    )
}

const ENTRY: &str = "src/entry.rs";
const ACCESS: &str = "src/mm/access.rs";
const IO: &str = "src/mm/io.rs";
const SELECT: &str = "src/syscall/io_mpx/select.rs";
const SYSCALLS: &str = "src/syscall/fs/io.rs";

const fn edit(file: &'static str, place: Place, change: Change) -> Edit {
    Edit { file, place, change }
}

const OF_KERNEL: &[Edit] = &[
    edit(ENTRY, Fn("init"), Front("    crate::mm::start_axptr();")),
    // The copies that all others are made of.
    edit(ACCESS, File, Behind(include_str!("kernel/access.rs.in"))),
    edit(
        ACCESS,
        FnIn("UserAccess<Faultable>", "copy_from_user"),
        All("let len = dst.len(); all(read_some(task, self.range.start.as_usize(), dst)?, len)"),
    ),
    edit(
        ACCESS,
        FnIn("UserAccess<Faultable>", "copy_to_user"),
        All("all(write_some(task, self.range.start.as_usize(), src)?, src.len())"),
    ),
    // The words of futexes.
    edit(
        ACCESS,
        FnIn("UserAccess<NoFault>", "read_u32"),
        All("let word = axptr::UserConstPtr::<u32>::new(self.range.start.as_usize()).nofault();
        word.read().map_err(|_| UserAccessError::Fault)"),
    ),
    edit(
        ACCESS,
        FnIn("UserAccess<NoFault>", "cmpxchg_u32"),
        All("let word = axptr::UserPtr::<u32>::new(self.range.start.as_usize()).nofault().atomic();
        let found = word.compare_exchange(expected, replacement).map_err(word_error)?;
        Ok(found.unwrap_or_else(|other| other))"),
    ),
    edit(
        ACCESS,
        FnIn("UserAccess<NoFault>", "atomic_u32"),
        All("let word = axptr::UserPtr::<u32>::new(self.range.start.as_usize()).nofault().atomic();
        match operation {
            UserAtomicU32Op::Set => word.swap(argument),
            UserAtomicU32Op::Add => word.fetch_add(argument),
            UserAtomicU32Op::Or => word.fetch_or(argument),
            UserAtomicU32Op::AndNot => word.fetch_and_not(argument),
            UserAtomicU32Op::Xor => word.fetch_xor(argument),
        }
        .map_err(word_error)"),
    ),
    // Buffers, which may end at a bad byte.
    edit(ACCESS, Struct("VmBytes"), Behind("    short: bool,")),
    edit(ACCESS, Struct("VmBytesMut"), Behind("    short: bool,")),
    edit(ACCESS, FnIn("> VmBytes<", "new"), All("Self { task, ptr, len, short: false }")),
    edit(ACCESS, FnIn("> VmBytesMut<", "new"), All("Self { task, ptr, len, short: false }")),
    edit(
        ACCESS,
        FnIn("Read for VmBytes<", "read"),
        All("let len = self.len.min(buf.len());
        let done = read_some(self.task, self.ptr.addr(), as_uninit(&mut buf[..len]));
        let done = count(done.map_err(vm_error_to_io_error)?, len, self.short)?;
        self.ptr = self.ptr.wrapping_add(done);
        self.len -= done;
        Ok(done)"),
    ),
    edit(
        ACCESS,
        FnIn("Write for VmBytesMut<", "write"),
        All("let len = self.len.min(buf.len());
        let done = write_some(self.task, self.ptr.addr(), &buf[..len]);
        let done = count(done.map_err(vm_error_to_io_error)?, len, self.short)?;
        self.ptr = self.ptr.wrapping_add(done);
        self.len -= done;
        Ok(done)"),
    ),
    // Vectors.
    edit(IO, File, Behind(include_str!("kernel/io.rs.in"))),
    edit(IO, Struct("IoVectorBufIo"), Behind("    short: bool,")),
    edit(IO, Fn("into_io"), All("IoVectorBufIo { inner: self, start: 0, offset: 0, short: false }")),
    edit(
        IO,
        FnIn("Read for IoVectorBufIo", "read"),
        All("self.each_part(buf.len(), |task, done, address, len| {
            super::access::read_some(task, address, super::access::as_uninit(&mut buf[done..done + len]))
        })"),
    ),
    edit(
        IO,
        FnIn("Write for IoVectorBufIo", "write"),
        All("self.each_part(buf.len(), |task, done, address, len| {
            super::access::write_some(task, address, &buf[done..done + len])
        })"),
    ),
    // Who may be short.
    edit(SYSCALLS, File, Behind(include_str!("kernel/syscalls.rs.in"))),
    edit(
        SYSCALLS,
        Fn("sys_read"),
        All("let file = get_file_like(fd)?;
        let mut buffer = VmBytesMut::new(current, buf, len).short_if(may_be_short(&file));
        Ok(file.read(&mut buffer)? as isize)"),
    ),
    edit(
        SYSCALLS,
        Fn("sys_readv"),
        All("let file = get_file_like(fd)?;
        let buffer = IoVectorBuf::new(current, iov, iovcnt)?;
        file.read(&mut buffer.into_io().short_if(may_be_short(&file))).map(|count| count as isize)"),
    ),
    edit(
        SYSCALLS,
        Fn("sys_write"),
        Each("buf.cast_const(), len)", "buf.cast_const(), len).short_if(may_be_short(&file_like))"),
    ),
    edit(SYSCALLS, Fn("sys_pread64"), Each("buf, len), ", "buf, len).short_if(true), ")),
    edit(
        SYSCALLS,
        Fn("copy_user_read_buf"),
        All("let mut data = Vec::new();
        data.try_reserve_exact(len).map_err(|_| StarryError::NoMemory)?;
        let done = crate::mm::read_some(current, buf.addr(), &mut data.spare_capacity_mut()[..len])?;
        if done == 0 && len > 0 {
            return Err(StarryError::BadAddress);
        }
        // SAFETY: so many bytes have been read into it.
        unsafe { data.set_len(done) };
        Ok(data)"),
    ),
    edit(
        SYSCALLS,
        Fn("sys_preadv2"),
        Each(
            "let f = get_file_like(fd)?;",
            "let f = get_file_like(fd)?;\n        io_buf = io_buf.short_if(may_be_short(&f));",
        ),
    ),
    edit(SYSCALLS, Fn("sys_preadv2"), Each("read_at(io_buf,", "read_at(io_buf.short_if(true),")),
    edit(
        SYSCALLS,
        Fn("sys_writev"),
        Each("copy_user_iov_read_buf(source)", "import(source, may_be_short(&file_like))"),
    ),
    edit(
        SYSCALLS,
        Fn("sys_pwritev2"),
        Each("copy_user_iov_read_buf(source)", "import(source, may_be_short(&file_like))"),
    ),
    // Random bytes go by pieces.
    edit(
        "src/syscall/sys.rs",
        Fn("sys_getrandom"),
        Statement(
            "vm_write_slice(",
            "let done = crate::mm::write_some(current, dst.addr(), &kbuf[..read])?;
        if done < read {
            written += done;
            return if written > 0 { Ok(written as isize) } else { Err(StarryError::BadAddress) };
        }",
        ),
    ),
    // A path has a limit.
    edit(
        ACCESS,
        Fn("vm_load_path_string"),
        All("let mut buf = alloc::vec![0; PATH_MAX];
    let path = axptr::UserConstPtr::<u8>::new(ptr.addr()).as_cstr();
    let read = access_user_memory(task, || path.read(&mut buf).map(|path| path.count_bytes()))?;
    let len = read.map_err(|error| match error {
        axptr::cstr::StringError::Fault(_) => StarryError::BadAddress,
        _ => StarryError::NameTooLong,
    })?;
    buf.truncate(len);
    String::from_utf8(buf).map_err(|_| StarryError::IllegalBytes)"),
    ),
    // Strings and arrays up to a zero have any alignment.
    edit(
        ACCESS,
        Fn("vm_load_until_nul"),
        All("let array = axptr::UserConstPtr::<T>::new(ptr.addr());
    let read = access_user_memory(task, || array.to_vec_until_zero(axptr::Limit::Bytes(MOST)))?;
    read.map_err(string_error)"),
    ),
    edit(
        ACCESS,
        Fn("vm_load_string"),
        All("let string = axptr::UserConstPtr::<u8>::new(ptr.addr()).as_cstr();
    let mut bytes = Vec::new();
    access_user_memory(task, || string.append_to(&mut bytes, MOST))?.map_err(string_error)?;
    String::from_utf8(bytes).map_err(|_| StarryError::IllegalBytes)"),
    ),
    // What has come in a stream must not be lost by a fault.
    edit(
        "src/syscall/net/io.rs",
        Fn("sys_recvfrom"),
        Front("crate::mm::make_writable(current, buf.addr(), len)?;"),
    ),
    // Of a set of files only the words that were asked for are there.
    edit(SELECT, File, Behind(include_str!("kernel/select.rs.in"))),
    edit(
        SELECT,
        Fn("do_select"),
        Each("unsafe { readfds.read_abi(current)? }", "words_of(current, readfds, nfds)?"),
    ),
    edit(
        SELECT,
        Fn("do_select"),
        Each("unsafe { writefds.read_abi(current)? }", "words_of(current, writefds, nfds)?"),
    ),
    edit(
        SELECT,
        Fn("do_select"),
        Each("unsafe { exceptfds.read_abi(current)? }", "words_of(current, exceptfds, nfds)?"),
    ),
    edit(
        SELECT,
        Fn("do_select"),
        Statement("readfds.write_field(", "put_words(current, readfds, nfds, &value)?;"),
    ),
    edit(
        SELECT,
        Fn("do_select"),
        Statement("writefds.write_field(", "put_words(current, writefds, nfds, &value)?;"),
    ),
    edit(
        SELECT,
        Fn("do_select"),
        Statement("exceptfds.write_field(", "put_words(current, exceptfds, nfds, &value)?;"),
    ),
    // Another process's memory: what has been copied before a bad element counts.
    edit(
        "src/syscall/task/ptrace.rs",
        Fn("process_vm_copy"),
        Each(
            "remote_read(&tracee, remote_addr, chunk_len)?",
            "match remote_read(&tracee, remote_addr, chunk_len) {
                Ok(data) => data,
                Err(_) if copied > 0 => return Ok(copied as isize),
                Err(_) => return Err(StarryError::BadAddress),
            }",
        ),
    ),
    edit(
        "src/syscall/task/ptrace.rs",
        Fn("process_vm_copy"),
        Each(
            "remote_write(&tracee, remote_addr, &data)",
            "remote_write(&tracee, remote_addr, &data).map_err(|_| StarryError::BadAddress)",
        ),
    ),
];

/// The layer of cached files: what is done in front of a bad byte is told.
const OF_FILES: &[Edit] = &[
    edit(
        "src/file/cache/mod.rs",
        Fn("read_at"),
        Statement(
            "dst.write_all(",
            "let room = dst.remaining_mut();
            if let Err(error) = dst.write_all(&scratch.data()[..chunk_len]) {
                let done = read + (room - dst.remaining_mut());
                return if done > 0 { Ok(done) } else { Err(crate::io_error_to_vfs_error(error)) };
            }",
        ),
    ),
    edit(
        "src/file/cache/mod.rs",
        Fn("write_at_locked"),
        Statement(
            "let n = buf",
            "let n = match buf.read(&mut scratch.data()[..chunk_len]) {
                Ok(n) => n,
                Err(error) => {
                    // The file has grown for all of it.
                    let stop = current.max(old_len);
                    if stop < end {
                        file.set_len(stop)?;
                        self.shared.set_len(stop);
                    }
                    if written > 0 {
                        break;
                    }
                    return Err(crate::io_error_to_vfs_error(error));
                }
            };",
        ),
    ),
    // Files without a cache: devices.
    edit(
        "src/file/handle.rs",
        FnIn("FileBackend", "read_at"),
        Each(
            "Err(err) => return Err(err)",
            "Err(_) if total > 0 => break,\n                        Err(err) => return Err(err)",
        ),
    ),
    edit(
        "src/file/handle.rs",
        FnIn("FileBackend", "write_at"),
        Statement(
            "let read = src",
            "let read = match src.read(&mut buf[..limit]) {
                        Ok(read) => read,
                        Err(_) if total > 0 => break,
                        Err(error) => return Err(io_error_to_vfs_error(error)),
                    };",
        ),
    ),
];
