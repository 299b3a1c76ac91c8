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

/// Installs packages with what they need and nothing else, from a suite that apt does not take by itself if one
/// is given.
pub fn install(packages: &[String], suite: Option<&str>) -> Result<()> {
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(suite.iter().flat_map(|suite| ["-t", suite]));
    args.extend(packages.iter().map(String::as_str));
    run(&args)
}

/// The version that apt would install, `None` without such a package.
pub fn candidate(package: &str) -> Option<String> {
    candidate_of(&["policy", package])
}

/// The same if this suite is preferred.
pub fn candidate_from(package: &str, suite: &str) -> Option<String> {
    candidate_of(&["policy", "-t", suite, package])
}

fn candidate_of(args: &[&str]) -> Option<String> {
    let output = query("apt-cache", args)?;
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
    number(upstream(version).strip_prefix("1.")?)
}

/// The first number of a version such as `1:10.0.2+ds-2`, with an epoch or without.
pub fn major(version: &str) -> Option<u32> {
    number(upstream(version))
}

fn upstream(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

fn number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
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
    use super::{major, minor};

    #[test]
    fn major_reads_the_versions_of_packages_and_of_programs() {
        assert_eq!(major("1:10.0.2+ds-2+deb13u1~bpo12+1"), Some(10));
        assert_eq!(major("1:7.2+dfsg-7+deb12u18+b3"), Some(7));
        assert_eq!(major("10.0.2"), Some(10));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn minor_reads_the_versions_of_debian_and_ubuntu() {
        assert_eq!(minor("1.96.0+dfsg1-1~deb12u2"), Some(96));
        assert_eq!(minor("1.89.0"), Some(89));
        assert_eq!(minor("2:1.75.0+dfsg0ubuntu1"), Some(75));
        assert_eq!(minor("22.1.8"), None);
    }
}
