// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory that all targets work on, and what is known of it: a model that shares nothing with the crate.
//!
//! Three pages of a file, mapped twice: once as a program has them, each page with its own permission, and once readable
//! and writable, where the targets look at the bytes. Nothing around the program's pages may be accessed.

use std::{
    io,
    ptr::{self, NonNull},
    sync::OnceLock,
};

use arbitrary::Arbitrary;
use axptr::{Access, Fault, UserRange};

pub const PAGE: usize = 4096;
pub const PAGES: usize = 3;
pub const SIZE: usize = PAGES * PAGE;

/// What lies on both sides, and may not be accessed: more than any range here goes on.
const GUARD: usize = 64 * PAGE;

/// What a program may do with a page.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    Write,
    Read,
    Nothing,
}

/// An address that a system call gets.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Place {
    /// In the program's pages, or up to a page in front of them or behind.
    Near(u16),
    /// At the end of one of the pages, so many bytes before it.
    Edge(u8, u8),
    /// In page 0, which no program here has.
    Null(u16),
    /// In the upper half, wherever that is.
    Upper(u64),
    /// So near to the end of the address space.
    Top(u8),
    /// Around the limit of the user half.
    Limit(i8),
}

/// The memory of the program.
#[derive(Debug)]
pub struct Program {
    user: NonNull<u8>,
    alias: NonNull<u8>,
}

/// What the pages are like in one case.
#[derive(Debug)]
pub struct World {
    pages: [May; PAGES],
    program: &'static Program,
}

// SAFETY: each target has one thread.
unsafe impl Sync for Program {}
// SAFETY: as above.
unsafe impl Send for Program {}

impl Program {
    /// The one of this process.
    fn the_one() -> &'static Self {
        static ONE: OnceLock<Program> = OnceLock::new();
        ONE.get_or_init(|| {
            // SAFETY: the fuzzer's own handlers stand behind it: it passes on what is not its own.
            unsafe { axptr::hosted::install() }.expect("the handler can be installed");
            Self::map().expect("there is memory")
        })
    }

    fn map() -> io::Result<Self> {
        // SAFETY: a name that ends with zero.
        let file = unsafe { libc::memfd_create(c"program".as_ptr(), 0) };
        // SAFETY: a number that the kernel judges.
        if unsafe { libc::ftruncate(file, SIZE as libc::off_t) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // What is around them stays reserved.
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let around = checked(unsafe {
            libc::mmap(
                ptr::null_mut(),
                SIZE + 2 * GUARD,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        })?;
        // SAFETY: inside what was mapped above.
        let start = unsafe { around.add(GUARD) };
        let both = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: it replaces pages that nobody else has.
        let user = checked(unsafe {
            libc::mmap(start.as_ptr().cast(), SIZE, both, libc::MAP_SHARED | libc::MAP_FIXED, file, 0)
        })?;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let alias = checked(unsafe { libc::mmap(ptr::null_mut(), SIZE, both, libc::MAP_SHARED, file, 0) })?;
        Ok(Self { user, alias })
    }
}

fn checked(mapped: *mut libc::c_void) -> io::Result<NonNull<u8>> {
    match NonNull::new(mapped.cast()) {
        Some(start) if mapped != libc::MAP_FAILED => Ok(start),
        _ => Err(io::Error::last_os_error()),
    }
}

impl World {
    /// Lays the bytes from the first page's start on; those behind them are `rest`. Then gives each page its permission.
    pub fn new(pages: [May; PAGES], bytes: &[u8], rest: u8) -> Self {
        let mut world = Self { pages, program: Program::the_one() };
        let memory = world.memory();
        memory.fill(rest);
        let len = bytes.len().min(SIZE);
        memory[..len].copy_from_slice(&bytes[..len]);
        for (index, may) in pages.into_iter().enumerate() {
            let protection = match may {
                May::Write => libc::PROT_READ | libc::PROT_WRITE,
                May::Read => libc::PROT_READ,
                May::Nothing => libc::PROT_NONE,
            };
            let page = world.program.user.as_ptr().wrapping_add(index * PAGE);
            // SAFETY: a page of the program's, which nobody else accesses.
            let answer = unsafe { libc::mprotect(page.cast(), PAGE, protection) };
            assert_eq!(answer, 0, "{}", io::Error::last_os_error());
        }
        world
    }

    /// The program's bytes, whatever it may do with them.
    pub fn memory(&mut self) -> &mut [u8] {
        // SAFETY: the alias is mapped for good, and who has this has the world.
        unsafe { std::slice::from_raw_parts_mut(self.program.alias.as_ptr(), SIZE) }
    }

    /// Where the program's pages begin.
    pub fn start(&self) -> usize {
        self.program.user.as_ptr().addr()
    }

    /// The address.
    pub fn at(&self, place: Place) -> usize {
        match place {
            Place::Near(offset) => self.start() - PAGE + usize::from(offset) % (SIZE + 2 * PAGE),
            Place::Edge(page, before) => {
                self.start() + (usize::from(page) % PAGES + 1) * PAGE - usize::from(before)
            }
            Place::Null(offset) => usize::from(offset) % PAGE,
            Place::Upper(bits) => bits as usize | 1 << 63,
            Place::Top(before) => usize::MAX - usize::from(before),
            Place::Limit(distance) => axptr::user_limit().wrapping_add_signed(isize::from(distance)),
        }
    }

    /// The offset of an address in the program's bytes.
    pub fn offset(&self, addr: usize) -> Option<usize> {
        addr.checked_sub(self.start()).filter(|&offset| offset < SIZE)
    }

    /// Whether the program may access the byte.
    pub fn may(&self, addr: usize, access: Access) -> bool {
        match self.offset(addr).map(|offset| self.pages[offset / PAGE]) {
            Some(May::Write) => true,
            Some(May::Read) => access == Access::Read,
            Some(May::Nothing) | None => false,
        }
    }

    /// How many of the range's bytes come before the first that the program may not access. None if the range is none of
    /// a user's.
    pub fn reach(&self, addr: usize, len: usize, access: Access) -> usize {
        if !is_user(addr, len) {
            return 0;
        }
        (0..len).take_while(|done| self.may(addr + done, access)).count()
    }

    /// The byte at an address that the program may read.
    pub fn byte(&mut self, addr: usize) -> Option<u8> {
        let offset = self.offset(addr).filter(|_| self.may(addr, Access::Read))?;
        Some(self.memory()[offset])
    }

    /// Holds an answer about a range against what the pages permit: the whole range, or a fault at the first byte.
    pub fn judge<T>(&self, answer: Result<T, Fault>, addr: usize, len: usize, access: Access) -> Option<T> {
        let reach = self.reach(addr, len, access);
        match answer {
            Ok(value) => {
                assert_eq!(reach, len, "all {len} bytes at {addr:#x}");
                Some(value)
            }
            Err(fault) => {
                assert!(reach < len, "{fault:?}, and all {len} bytes at {addr:#x} may be accessed");
                self.judge_fault(fault, addr, reach, access);
                None
            }
        }
    }

    /// Holds a fault against what it must say.
    pub fn judge_fault(&self, fault: Fault, start: usize, done: usize, access: Access) {
        assert_eq!(
            (fault.done, fault.addr, fault.access),
            (done, start.wrapping_add(done), access),
            "{fault:?} from {start:#x} on"
        );
        assert_eq!(fault.errno(), libc::EFAULT);
    }
}

/// The range, which is given if it lies in the user half, and only then.
pub fn range(addr: usize, len: usize) -> Option<UserRange> {
    let range = UserRange::new(addr, len);
    assert_eq!(range.is_some(), is_user(addr, len), "{len} bytes at {addr:#x}");
    range
}

/// Whether the range lies in the user half, or is empty.
pub fn is_user(addr: usize, len: usize) -> bool {
    len == 0 || addr as u128 + len as u128 <= axptr::user_limit() as u128
}
