// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debian's newer packages for its stable release: a suite beside the one that is installed from.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Where apt looks for lists of sources.
const FOLDER: &str = "/etc/apt";

/// The file that [`enable`] writes.
const OURS: &str = "sources.list.d/axptr-backports.sources";

/// The name of this release's suite of newer packages; `None` if this is not a Debian release.
pub fn suite() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let value = |key: &str| release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let codename = value("VERSION_CODENAME")?.trim_matches('"');
    (value("ID")?.trim_matches('"') == "debian").then(|| format!("{codename}-backports"))
}

/// Makes the suite known to apt: the first source of the release itself, with the suite changed.
pub fn enable(suite: &str) -> Result<()> {
    let folder = Path::new(FOLDER);
    let mut files = vec![folder.join("sources.list")];
    for entry in fs::read_dir(folder.join("sources.list.d")).into_iter().flatten().flatten() {
        files.push(entry.path());
    }
    files.sort();
    let texts: Vec<_> = files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    if texts.iter().any(|text| source_of(text, suite).is_some()) {
        return Ok(());
    }
    let release = suite.trim_end_matches("-backports");
    let source = texts.iter().find_map(|text| source_of(text, release));
    let source = source.with_context(|| format!("apt has no source of {release} to take {suite} from"))?;
    let path = folder.join(OURS);
    eprintln!("adding the suite {suite}: {}", path.display());
    fs::write(&path, source.stanza(suite)).with_context(|| format!("writing {}", path.display()))
}

/// Where a suite comes from, and the key that it is signed with.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    key: Option<String>,
}

impl Source {
    fn stanza(&self, suite: &str) -> String {
        let key = self.key.as_ref().map_or(String::new(), |key| format!("Signed-By: {key}\n"));
        format!("Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n{key}", self.uri)
    }
}

/// The first source of this suite in a list of either form.
fn source_of(text: &str, suite: &str) -> Option<Source> {
    let lines = text.lines().filter_map(|line| from_line(line, suite));
    lines.chain(text.split("\n\n").filter_map(|stanza| from_stanza(stanza, suite))).next()
}

/// `deb [signed-by=KEY] URI SUITE COMPONENT..`
fn from_line(line: &str, suite: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let (uri, found) = (words.next()?, words.next()?);
    let key = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    (found == suite && words.any(|component| component == "main"))
        .then(|| Source { uri: uri.to_owned(), key: key.map(str::to_owned) })
}

/// Lines `Field: value`.
fn from_stanza(stanza: &str, suite: &str) -> Option<Source> {
    let field = |name: &str| {
        stanza.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    };
    let has =
        |name: &str, word: &str| field(name).is_some_and(|it| it.split_whitespace().any(|it| it == word));
    let right = has("Types", "deb") && has("Suites", suite) && has("Components", "main");
    // A key may also stand in the list itself: then there is no path to refer to.
    let key = field("Signed-By").filter(|key| key.starts_with('/'));
    let uri = field("URIs")?.split_whitespace().next()?;
    (right && (key.is_some() || field("Signed-By").is_none()))
        .then(|| Source { uri: uri.to_owned(), key: key.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::{Source, source_of};

    const STANZAS: &str = "\
Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By: /keys/security.gpg

Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/archive.gpg
";

    fn source(uri: &str, key: Option<&str>) -> Option<Source> {
        Some(Source { uri: uri.to_owned(), key: key.map(str::to_owned) })
    }

    #[test]
    fn the_source_of_a_release_is_found_among_stanzas() {
        let archive = source("http://mirror.example/debian", Some("/keys/archive.gpg"));
        assert_eq!(source_of(STANZAS, "bookworm"), archive);
        assert_eq!(source_of(STANZAS, "bookworm-updates"), archive);
        assert_eq!(source_of(STANZAS, "bookworm-backports"), None);
        assert_eq!(source_of(STANZAS, "book"), None);
        let inline = STANZAS.replace("/keys/archive.gpg", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----");
        assert_eq!(source_of(&inline, "bookworm"), None);
    }

    #[test]
    fn the_source_of_a_release_is_found_among_lines() {
        let lines = "\
# deb http://mirror.example/commented bookworm main
deb-src http://mirror.example/sources bookworm main
deb http://mirror.example/other bookworm contrib
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/plain trixie main
";
        let signed = source("http://mirror.example/debian", Some("/keys/a.gpg"));
        assert_eq!(source_of(lines, "bookworm"), signed);
        assert_eq!(source_of(lines, "trixie"), source("http://mirror.example/plain", None));
    }

    #[test]
    fn what_is_written_is_a_source_of_the_other_suite() {
        let archive = source_of(STANZAS, "bookworm").unwrap();
        let written = archive.stanza("bookworm-backports");
        assert_eq!(source_of(&written, "bookworm-backports"), Some(archive));
    }
}
