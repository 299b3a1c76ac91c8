// SPDX-License-Identifier: MIT OR Apache-2.0
//! What becomes of a linked kernel before it boots: the name of a mode in its slot, and a flat binary where the
//! boot loader takes no ELF.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use object::{
    Endianness, Object, ObjectSymbol,
    elf::{FileHeader64, PT_LOAD},
    read::elf::{ElfFile64, FileHeader, ProgramHeader},
};

use crate::machine::Format;

/// The slot for the name, in `tests/kernel/src/mode.rs`.
const SLOT: &str = "KERNEL_BOOT_MODE";

/// Writes the image of `elf`, a kernel without modes.
pub fn write_as_it_is(elf: &Path, format: Format, image: &Path) -> Result<()> {
    let data = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
    let bytes = in_format(data, format).with_context(|| format!("the image of {}", elf.display()))?;
    fs::write(image, bytes).with_context(|| format!("writing {}", image.display()))
}

/// Writes the image of `elf` for this mode; an empty name is the mode without one.
pub fn write(elf: &Path, mode: &str, format: Format, image: &Path) -> Result<()> {
    let data = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
    let bytes = make(data, mode, format).with_context(|| format!("the image of {}", elf.display()))?;
    fs::write(image, bytes).with_context(|| format!("writing {}", image.display()))
}

fn make(mut data: Vec<u8>, mode: &str, format: Format) -> Result<Vec<u8>> {
    put_mode(&mut data, mode)?;
    in_format(data, format)
}

/// What the boot loader takes.
fn in_format(data: Vec<u8>, format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Elf => Ok(data),
        Format::Flat => flatten(&data),
    }
}

/// Puts the name into its slot, and zeroes behind it.
fn put_mode(data: &mut [u8], mode: &str) -> Result<()> {
    let (addr, size) = {
        let file: ElfFile64<Endianness> = ElfFile64::parse(&*data)?;
        let slot = file.symbols().find(|symbol| symbol.name() == Ok(SLOT));
        let slot = slot.with_context(|| format!("no symbol {SLOT}"))?;
        (slot.address(), slot.size())
    };
    ensure!((mode.len() as u64) < size, "the slot has {size} bytes, too few for {mode:?}");
    let segments = segments(data)?;
    let holds =
        |segment: &&Segment| segment.virt <= addr && addr + size <= segment.virt + segment.bytes.len() as u64;
    let segment = segments.iter().find(holds).context("the slot is in no segment of the file")?;
    let start = segment.bytes.start + (addr - segment.virt) as usize;
    let slot = &mut data[start..start + size as usize];
    slot.fill(0);
    slot[..mode.len()].copy_from_slice(mode.as_bytes());
    Ok(())
}

/// The bytes of a segment in the file, and where they go.
#[derive(Debug)]
struct Segment {
    virt: u64,
    phys: u64,
    bytes: std::ops::Range<usize>,
}

fn segments(data: &[u8]) -> Result<Vec<Segment>> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let headers = header.program_headers(endian, data)?.iter();
    let loaded = headers.filter(|header| header.p_type(endian) == PT_LOAD && header.p_filesz(endian) > 0);
    loaded
        .map(|header| {
            let start = usize::try_from(header.p_offset(endian))?;
            let end = start + usize::try_from(header.p_filesz(endian))?;
            ensure!(end <= data.len(), "a segment ends behind the file");
            Ok(Segment { virt: header.p_vaddr(endian), phys: header.p_paddr(endian), bytes: start..end })
        })
        .collect()
}

/// The segments at their distances in physical memory.
fn flatten(data: &[u8]) -> Result<Vec<u8>> {
    /// More than any kernel here has.
    const MOST: u64 = 64 << 20;
    let segments = segments(data)?;
    let Some(base) = segments.iter().map(|segment| segment.phys).min() else {
        bail!("nothing to load");
    };
    let mut flat = Vec::new();
    for segment in segments {
        let distance = segment.phys - base;
        ensure!(distance < MOST, "a segment lies {distance:#x} bytes behind the first");
        let (start, bytes) = (distance as usize, &data[segment.bytes]);
        if flat.len() < start + bytes.len() {
            flat.resize(start + bytes.len(), 0);
        }
        flat[start..start + bytes.len()].copy_from_slice(bytes);
    }
    Ok(flat)
}

#[cfg(test)]
mod tests {
    use super::make;
    use crate::machine::Format;

    const SLOT_SIZE: u64 = 8;
    const DATA: u64 = 0x40;

    fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
        if file.len() < at + bytes.len() {
            file.resize(at + bytes.len(), 0);
        }
        file[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Two segments, the second first in the file and 0x20 bytes behind the other in memory; in it the slot.
    fn kernel() -> Vec<u8> {
        let mut file = Vec::new();
        put(&mut file, 0, b"\x7fELF\x02\x01\x01");
        put(&mut file, 16, &[2, 0, 62, 0, 1, 0, 0, 0]);
        // Program headers at 0x100, section headers at 0x200.
        put(&mut file, 24, &words(&[0, 0x100, 0x200]));
        put(&mut file, 52, &[64, 0, 56, 0, 2, 0, 64, 0, 3, 0, 2, 0]);
        let high = 0xffff_8000_0000_0000_u64;
        // type and flags, offset, virtual, physical, size in the file, size in memory, alignment.
        put(&mut file, 0x100, &words(&[0x6_0000_0001, DATA, high + 0x1020, 0x1020, 0x10, 0x10, 1]));
        put(&mut file, 0x138, &words(&[0x5_0000_0001, 0x60, high + 0x1000, 0x1000, 8, 8, 1]));
        put(&mut file, DATA as usize, b"slot....behind..");
        put(&mut file, 0x60, b"codecode");
        // Symbols and their names.
        put(&mut file, 0x240, &words(&[2 << 32, 0, 0, 0x300, 48, 2 | 1 << 32, 8, 24]));
        put(&mut file, 0x280, &words(&[3 << 32, 0, 0, 0x340, 18, 0, 1, 0]));
        put(&mut file, 0x318, &words(&[0x0001_0011_0000_0001, high + 0x1020, SLOT_SIZE]));
        put(&mut file, 0x340, b"\0KERNEL_BOOT_MODE\0");
        file
    }

    #[test]
    fn the_name_replaces_the_slot_and_nothing_else() {
        let elf = make(kernel(), "mode", Format::Elf).expect("it has a slot");
        let mut expected = kernel();
        put(&mut expected, DATA as usize, b"mode\0\0\0\0");
        assert_eq!(elf, expected);
    }

    #[test]
    fn a_flat_image_is_what_memory_holds() {
        let mut expected = b"codecode".to_vec();
        put(&mut expected, 0x20, b"m\0\0\0\0\0\0\0behind..");
        assert_eq!(make(kernel(), "m", Format::Flat).expect("it has segments"), expected);
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        assert!(make(kernel(), "7 bytes", Format::Elf).is_ok());
        assert!(make(kernel(), "8 bytes!", Format::Elf).is_err());
        let mut nameless = kernel();
        put(&mut nameless, 0x340, b"\0KERNEL_BOOT_NODE\0");
        assert!(make(nameless, "", Format::Elf).is_err());
    }
}
