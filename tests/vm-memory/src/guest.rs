// SPDX-License-Identifier: MIT OR Apache-2.0
//! A guest's memory in files that can be made shorter.

use std::{
    ffi::c_uint,
    fs::File,
    os::{fd::FromRawFd, unix::fs::FileExt},
};

use edited::{FileOffset, GuestAddress, GuestMemoryMmap};

pub const PAGE: usize = 4096;
/// Pages of each file, and what is left of it.
const PAGES: usize = 4;
const LEFT: usize = 2;

/// The bytes of one region, and where it ends once it has shrunk.
pub const REGION: usize = PAGES * PAGE;
pub const EDGE: usize = LEFT * PAGE;

/// Two regions, one behind the other; the first one's file is shorter than its mapping.
pub struct Guest {
    pub memory: GuestMemoryMmap<()>,
    first: File,
    second: File,
}

impl Guest {
    /// Fills both files with a pattern, maps them, and cuts the first one off.
    pub fn new() -> Self {
        let [first, second] = [file(), file()];
        let ranges = [(&first, 0), (&second, REGION)].map(|(file, start)| {
            let file = file.try_clone().expect("there are descriptors");
            (GuestAddress(start as u64), REGION, Some(FileOffset::new(file, 0)))
        });
        let memory = GuestMemoryMmap::from_ranges_with_files(ranges).expect("the files can be mapped");
        first.set_len(EDGE as u64).expect("a file can be made shorter");
        let guest = Self { memory, first, second };
        guest.fill();
        guest
    }

    /// The byte that both files have at an offset of the guest's memory.
    pub const fn byte(at: usize) -> u8 {
        (at % 251) as u8
    }

    /// Writes the pattern anew, without the mapping.
    pub fn fill(&self) {
        let bytes: Vec<u8> = (0..2 * REGION).map(Self::byte).collect();
        self.first.write_all_at(&bytes[..EDGE], 0).expect("it is in memory");
        self.second.write_all_at(&bytes[REGION..], 0).expect("it is in memory");
    }

    /// What the files hold now, with nothing where the first one has been cut off.
    pub fn contents(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut one, mut other) = (vec![0; EDGE], vec![0; REGION]);
        self.first.read_exact_at(&mut one, 0).expect("it is in memory");
        self.second.read_exact_at(&mut other, 0).expect("it is in memory");
        (one, other)
    }
}

fn file() -> File {
    const CLOSE_ON_EXEC: c_uint = libc::MFD_CLOEXEC;
    // SAFETY: a name that ends with 0.
    let descriptor = unsafe { libc::memfd_create(c"guest".as_ptr(), CLOSE_ON_EXEC) };
    assert!(descriptor >= 0, "there are files in memory");
    // SAFETY: the line above has made it, and nobody else knows it.
    let file = unsafe { File::from_raw_fd(descriptor) };
    file.set_len(REGION as u64).expect("a file can be made longer");
    file
}
