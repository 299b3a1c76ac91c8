// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debian's and Ubuntu's packages: what there is, and installing it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Whether this is a system with apt on which we may install.
pub fn may_install() -> bool {
    on_path("apt-get") && is_root()
}

/// Whether there is a program of this name.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Brings the list of packages up to date.
pub fn update() -> Result<()> {
    run(&["update", "-qq"])
}

/// Installs packages with what they need and nothing else.
pub fn install(packages: &[String]) -> Result<()> {
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(packages.iter().map(String::as_str));
    run(&args)
}

/// The version that apt would install, `None` without such a package.
pub fn candidate(package: &str) -> Option<String> {
    let output = query("apt-cache", &["policy", package])?;
    let line = output.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (line != "(none)").then(|| line.to_owned())
}

/// The numbers for which there is a package of the form `PREFIX` number, e.g. `lld-22`.
pub fn numbered(prefix: &str) -> Vec<(String, u32)> {
    let pattern = format!("^{}[0-9]+$", prefix.replace('.', "\\."));
    let output = query("apt-cache", &["search", "--names-only", &pattern]).unwrap_or_default();
    let names = output.lines().filter_map(|line| line.split_whitespace().next());
    names.filter_map(|name| Some((name.to_owned(), name.strip_prefix(prefix)?.parse().ok()?))).collect()
}

/// The second number of a version such as `1.96.0+dfsg1-1`, with an epoch or without.
pub fn minor(version: &str) -> Option<u32> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.strip_prefix("1.")?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn query(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

fn run(args: &[&str]) -> Result<()> {
    eprintln!("apt-get {}", args.join(" "));
    let output = Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("running apt-get")?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        bail!("apt-get {} failed", args[0]);
    }
    Ok(())
}

fn is_root() -> bool {
    query("id", &["-u"]).is_some_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn minor_reads_the_versions_of_debian_and_ubuntu() {
        assert_eq!(minor("1.96.0+dfsg1-1~deb12u2"), Some(96));
        assert_eq!(minor("1.89.0"), Some(89));
        assert_eq!(minor("2:1.75.0+dfsg0ubuntu1"), Some(75));
        assert_eq!(minor("22.1.8"), None);
    }
}
