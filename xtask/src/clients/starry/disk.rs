// SPDX-License-Identifier: MIT OR Apache-2.0
//! The disks that the kernel is started with: its root, and where firmware wants it, the drive that has the kernel.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Folders that a root has.
const FOLDERS: &[&str] = &["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var/tmp"];

/// Where the program is: the first as the boot's arguments have it, the second where they cannot say anything.
pub const PROGRAMS: [&str; 2] = ["program", "bin/sh"];

/// Makes a root with the program in it.
pub fn root(folder: &Path, program: &Path) -> Result<PathBuf> {
    let (tree, disk) = (folder.join("root"), folder.join("root.img"));
    for name in FOLDERS {
        fs::create_dir_all(tree.join(name))?;
    }
    for name in PROGRAMS {
        fs::copy(program, tree.join(name)).with_context(|| format!("copying {}", program.display()))?;
    }
    let mut command = Command::new("mke2fs");
    command.args(["-q", "-F", "-t", "ext4", "-d"]).arg(&tree).arg(&disk).arg("64M");
    let output = command.stdin(Stdio::null()).output().context("running mke2fs")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "mke2fs ended with {}: {said}", output.status);
    Ok(disk)
}

/// A folder that firmware takes for a drive, with the image under the name that it starts by itself.
pub fn efi(folder: &Path, image: &Path, name: &str) -> Result<PathBuf> {
    let drive = folder.join("efi");
    let place = drive.join("EFI/BOOT");
    fs::create_dir_all(&place)?;
    fs::copy(image, place.join(name)).with_context(|| format!("copying {}", image.display()))?;
    Ok(drive)
}
