// SPDX-License-Identifier: MIT OR Apache-2.0
//! The distribution's C compilers, which link for other machines.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Whether the C compiler is there and has a C library to link with.
pub fn has_c_library(compiler: &str) -> bool {
    // It repeats the name of what it does not find.
    let asked = ["crt1.o", "libc.so"].map(|file| {
        let mut command = Command::new(compiler);
        command.arg(format!("-print-file-name={file}")).stderr(Stdio::null());
        command.output().is_ok_and(|output| {
            let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success() && path != file && Path::new(&path).is_file()
        })
    });
    asked == [true, true]
}
