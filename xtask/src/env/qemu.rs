// SPDX-License-Identifier: MIT OR Apache-2.0
//! The emulators: which version there is, and where one that will do comes from.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::{apt, backports};

/// The oldest version that everything was run on.
const OLDEST: u32 = 10;

/// Whether the emulator is there, and new enough.
pub fn is_there(program: &str) -> bool {
    let output = Command::new(program).arg("--version").stderr(Stdio::null()).output();
    output.ok().and_then(|output| version(&String::from_utf8_lossy(&output.stdout))) >= Some(OLDEST)
}

/// The major version in a line such as `QEMU emulator version 10.0.2 (Debian ..)`.
fn version(text: &str) -> Option<u32> {
    let mut words = text.split_whitespace().skip_while(|word| *word != "version");
    apt::major(words.nth(1)?)
}

/// The suite to install the package from: `None` if the distribution's own will do.
///
/// # Errors
///
/// Fails if no source has a version that will do.
pub fn suite_for(package: &str) -> Result<Option<String>> {
    let does = |version: Option<String>| version.as_deref().and_then(apt::major) >= Some(OLDEST);
    if does(apt::candidate(package)) {
        return Ok(None);
    }
    let Some(suite) = backports::suite() else {
        bail!(
            "QEMU {OLDEST} or newer is needed, and this distribution has none; install one from its sources"
        );
    };
    if !does(apt::candidate_from(package, &suite)) {
        if !apt::may_install() {
            bail!("add the suite {suite} to apt's sources; as root, `cargo xtask setup` does it");
        }
        backports::enable(&suite)?;
        apt::update()?;
        if !does(apt::candidate_from(package, &suite)) {
            bail!("{suite} has no {package} of QEMU {OLDEST} or newer");
        }
    }
    Ok(Some(suite))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_read_from_what_each_emulator_says() {
        assert_eq!(version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright"), Some(10));
        assert_eq!(version("qemu-aarch64 version 7.2.18 (Debian 1:7.2+dfsg-7)"), Some(7));
        assert_eq!(version("version"), None);
        assert_eq!(version(""), None);
    }
}
