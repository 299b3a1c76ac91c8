// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file in memory, its mapping, and what has to be in it.

use std::{
    fs::File,
    os::{fd::FromRawFd, unix::fs::FileExt},
};

use memmap2::MmapMut;

pub const PAGE: usize = 4096;
pub const PAGES: usize = 16;
pub const SIZE: usize = PAGES * PAGE;

/// A file and its mapping, which stays as long as the file was.
pub struct Mapped {
    pub file: File,
    map: MmapMut,
}

impl Mapped {
    pub fn new() -> Self {
        // SAFETY: a name that ends with zero.
        let descriptor = unsafe { libc::memfd_create(c"mapped".as_ptr(), 0) };
        assert!(descriptor >= 0, "there are descriptors");
        // SAFETY: nobody else has it.
        let file = unsafe { File::from_raw_fd(descriptor) };
        file.set_len(SIZE as u64).expect("a file can be made longer");
        // SAFETY: that the file changes under it is what this is about: nobody makes a reference of it.
        let map = unsafe { MmapMut::map_mut(&file) }.expect("a file can be mapped");
        let mapped = Self { file, map };
        mapped.fill(SIZE);
        mapped
    }

    /// The address of the mapping.
    pub fn start(&self) -> usize {
        self.map.as_ptr().expose_provenance()
    }

    /// What the file holds at an offset, if nobody has written there.
    pub fn byte(at: usize) -> u8 {
        // Never 0: that is what a file has where it was cut off, and made longer again.
        (at % 251) as u8 + 1
    }

    /// Writes the pattern anew up to a length, without the mapping.
    pub fn fill(&self, len: usize) {
        let bytes: Vec<u8> = (0..len).map(Self::byte).collect();
        self.file.write_all_at(&bytes, 0).expect("it is in memory");
    }

    /// The file's first bytes, without the mapping.
    pub fn contents(&self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, 0).expect("it is in memory");
        bytes
    }
}
