// SPDX-License-Identifier: MIT OR Apache-2.0
use axptr::{Fault, UserConstPtr};

pub fn wrong(len: UserConstPtr<usize>, data: usize, buf: &mut [u8; 64]) -> Result<(), Fault> {
    if len.read()? <= buf.len() {
        let end = len.read()?.min(64); // THIS IS A BUG: it may be another number by now
        axptr::copy_from_user(&mut buf[..end], data)?;
    }
    Ok(())
}

pub fn right(len: UserConstPtr<usize>, data: usize, buf: &mut [u8; 64]) -> Result<(), Fault> {
    let len = len.read()?; // read once
    if let Some(buf) = buf.get_mut(..len) {
        axptr::copy_from_user(buf, data)?;
    }
    Ok(())
}
