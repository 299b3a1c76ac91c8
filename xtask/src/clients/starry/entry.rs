// SPDX-License-Identifier: MIT OR Apache-2.0
//! Another entry into a loongarch64 image, for a start without firmware.
//!
//! The emulator leaves the registers as its own kind of UEFI would, and the platform crate takes the address of a table from
//! them that is not reachable yet (someboot 0.7.2, `is_boot_from_uefi`, `setup_service`). A boot loader without UEFI leaves -2
//! and the address of the device tree. So that is what three instructions behind the image do, before they go on to its
//! entry. Their place is cleared later, with the rest of the memory behind the image.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

/// Where the image's header, which is Linux's, has the address that it is entered at, and the one that it is loaded at.
const ENTRY: usize = 8;
const LOAD: usize = 24;

/// Where the board has its device tree.
const DEVICE_TREE: u32 = 1 << 20;

const A0: u32 = 4;
const A1: u32 = 5;

/// Adds the instructions to an image, and enters it there.
pub fn without_firmware(image: &Path) -> Result<()> {
    let mut bytes = fs::read(image).with_context(|| format!("reading {}", image.display()))?;
    add(&mut bytes)?;
    fs::write(image, bytes).with_context(|| format!("writing {}", image.display()))
}

fn add(bytes: &mut Vec<u8>) -> Result<()> {
    let entry = word(bytes, ENTRY)?;
    let load = word(bytes, LOAD)?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let added = load + bytes.len() as u64;
    // LoongArch Reference Manual, volume 1, 2.2.1 and 2.2.5; "Table of Instruction Encoding".
    let minus_two = 0x02c0_0000 | (0xfff & -2_i32 as u32) << 10 | A0; // addi.d $a0, $zero, -2
    let device_tree = 0x1400_0000 | (DEVICE_TREE >> 12) << 5 | A1; // lu12i.w $a1, DEVICE_TREE >> 12
    let distance = entry.wrapping_sub(added + 8).cast_signed() >> 2;
    ensure!((-(1 << 25)..1 << 25).contains(&distance), "the entry is out of a jump's reach");
    let distance = distance as u32;
    let jump = 0x5000_0000 | (distance & 0xffff) << 10 | distance >> 16 & 0x3ff; // b entry
    for instruction in [minus_two, device_tree, jump] {
        bytes.extend(instruction.to_le_bytes());
    }
    bytes[ENTRY..ENTRY + 8].copy_from_slice(&added.to_le_bytes());
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> Result<u64> {
    let word = bytes.get(at..at + 8).context("the image has no header")?;
    Ok(u64::from_le_bytes(word.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_are_what_an_assembler_makes() {
        let mut bytes = vec![0; 0x1001];
        bytes[ENTRY..ENTRY + 8].copy_from_slice(&0x20_0100_u64.to_le_bytes());
        bytes[LOAD..LOAD + 8].copy_from_slice(&0x20_0000_u64.to_le_bytes());
        add(&mut bytes).unwrap();
        assert_eq!(word(&bytes, ENTRY).unwrap(), 0x20_1004);
        // llvm-mc of `addi.d $a0, $zero, -2`, `lu12i.w $a1, 256` and `b -0xf0c`.
        assert_eq!(bytes[0x1004..], [0x04, 0xf8, 0xff, 0x02, 0x05, 0x20, 0x00, 0x14, 0xff, 0xf7, 0xf0, 0x53]);
        assert!(add(&mut vec![0; 16]).is_err());
    }
}
