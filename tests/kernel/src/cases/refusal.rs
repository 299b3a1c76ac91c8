// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses changes nothing: used by the cases of each machine.

use alloc::string::String;

use axptr::{
    Access, UserConstPtr,
    vector::{self, InstallError},
};

use crate::{ensure, space};

/// Installs again, with a pager that has no page, in a state of this CPU in which axptr refuses that.
pub fn install() -> Result<(), InstallError> {
    // SAFETY: (1) to (5) as at boot; it is refused.
    unsafe { vector::install(nobody) }
}

/// Whether it was refused for that reason, and the pager is the one from before.
pub fn check(answer: Result<(), InstallError>, reason: InstallError) -> Result<(), String> {
    ensure!(answer == Err(reason), "{answer:?}");
    space::LAZY.renew();
    let read = UserConstPtr::<u8>::from(space::LAZY.start()).read();
    ensure!(read == Ok(0), "a refused vector changed the pager: {read:?}");
    Ok(())
}

fn nobody(_addr: usize, _access: Access) -> bool {
    false
}
