// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which source files an instruction comes from: the innermost function's, then those that it is inlined
//! into.

use addr2line::{
    Context,
    gimli::{Dwarf, EndianSlice, LittleEndian},
};
use anyhow::Result;
use object::{Object, ObjectSection, read::elf::ElfFile64};

/// The debug information of one program.
pub struct Lines<'a>(Context<EndianSlice<'a, LittleEndian>>);

/// One function around an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub function: String,
    pub file: String,
}

impl<'a> Lines<'a> {
    pub fn read(file: &'a [u8]) -> Result<Self> {
        let file: ElfFile64 = ElfFile64::parse(file)?;
        let dwarf = Dwarf::load(|id| {
            let section = file.section_by_name(id.name());
            let data = section.map_or(Ok(&[][..]), |section| section.data())?;
            Ok::<_, object::Error>(EndianSlice::new(data, LittleEndian))
        })?;
        Ok(Self(Context::from_dwarf(dwarf)?))
    }

    /// From the innermost function out; empty where the program does not tell.
    pub fn frames(&self, addr: u64) -> Vec<Frame> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.0.find_frames(addr).skip_all_loads() else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.and_then(|name| name.demangle().ok().map(|name| name.to_string()));
            let file = frame.location.and_then(|location| location.file);
            found.push(Frame {
                function: function.unwrap_or_default(),
                file: file.unwrap_or_default().to_owned(),
            });
        }
        found
    }
}
