// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paths that a source names: `use` trees taken apart, and paths in its code.

use std::collections::BTreeMap;

use crate::lexer::{is_word, tokens};

/// A path from the crate's root: `access`, `range`, `UserRange`.
pub(crate) type Path = Vec<String>;

/// What a source names of its crate.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// What it uses.
    pub(crate) paths: Vec<Path>,
    /// What it passes on (`pub use`), by the name that it then has; `*` for all that is in a module.
    pub(crate) reexports: Vec<(String, Path)>,
    /// What the reader does not follow: it has no place in these sources.
    pub(crate) unreadable: Vec<&'static str>,
}

/// The module of the file at `path`, as its path from the crate's root.
pub(crate) fn module_of(path: &str) -> Path {
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    let file = parts.pop().unwrap();
    match file.as_str() {
        "mod.rs" | "lib.rs" | "main.rs" => {}
        name => parts.push(name.trim_end_matches(".rs").to_owned()),
    }
    parts
}

/// What the file at `path` names by `crate::`, `$crate::`, `super::`, `self::`, by one of its `children`, or by a name
/// that it has imported.
pub(crate) fn named(path: &str, text: &str, children: &[String]) -> Named {
    let tokens = tokens(text);
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    // The module that each open brace belongs to.
    let mut modules = vec![module_of(path)];
    // What names stand for: children first, then what is imported.
    let mut names: BTreeMap<String, Path> = children
        .iter()
        .map(|child| (child.clone(), [module_of(path), vec![child.clone()]].concat()))
        .collect();
    let mut found = Named::default();
    let mut at = 0;
    while at < tokens.len() {
        let here = modules.last().unwrap().clone();
        match (token(at), token(at + 1), token(at + 2)) {
            ("{", ..) => {
                let mut inner = here;
                if at >= 2 && token(at - 2) == "mod" {
                    inner.push(token(at - 1).to_owned());
                }
                modules.push(inner);
            }
            ("}", ..) if modules.len() > 1 => _ = modules.pop(),
            ("path", "=", _) if at > 0 && token(at - 1) == "[" => found.unreadable.push("#[path]"),
            ("include", "!", _) => found.unreadable.push("include!"),
            ("extern", "crate", "self") => found.unreadable.push("extern crate self"),
            ("in", ..) if at > 1 && token(at - 1) == "(" && token(at - 2) == "pub" => {
                while token(at) != ")" {
                    at += 1;
                }
            }
            // What a type captures is `use<..>`.
            ("use", next, _) if next != "<" => {
                let is_reexport = at > 0 && matches!(token(at - 1), "pub" | ")");
                let mut end = at + 1;
                for (path, name) in tree(&tokens, &mut end) {
                    let Some(path) = absolute(&path, &here, &names) else { continue };
                    if is_reexport {
                        found.reexports.push((name.clone(), path.clone()));
                    }
                    if name != "*" {
                        names.insert(name, path.clone());
                    }
                    found.paths.push(path);
                }
                at = end;
                continue;
            }
            // A part of a longer path, or a field.
            _ if at > 0 && token(at - 1) == "::" => {}
            _ if at > 0 && token(at - 1) == "." && (at < 2 || token(at - 2) != ".") => {}
            (first, "::", _) => {
                let mut end = at;
                let mut path = vec![first.to_owned()];
                while token(end + 1) == "::" && token(end + 2).starts_with(is_word) {
                    path.push(token(end + 2).to_owned());
                    end += 2;
                }
                found.paths.extend(absolute(&path, &here, &names));
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The paths of the `use` tree at `at`, which is left behind it, each with the name that it gets.
fn tree(tokens: &[String], at: &mut usize) -> Vec<(Path, String)> {
    let mut prefix: Path = Vec::new();
    let mut name = None;
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token.as_str() {
            "{" => {
                let mut paths = Vec::new();
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    for (mut path, name) in tree(tokens, at) {
                        // `{self}` is what stands in front.
                        if path.first().is_some_and(|word| word == "self") && !prefix.is_empty() {
                            path.remove(0);
                        }
                        let path = [prefix.clone(), path].concat();
                        let name =
                            if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
                        paths.push((path, name));
                    }
                    if tokens.get(*at).is_some_and(|token| token == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return paths;
            }
            "," | "}" | ";" => {
                *at -= 1;
                break;
            }
            "as" => {
                name = tokens.get(*at).cloned();
                *at += 1;
            }
            "::" | "$" => {}
            word => prefix.push(word.to_owned()),
        }
    }
    let name = name.or_else(|| prefix.last().cloned()).unwrap_or_default();
    vec![(prefix, name)]
}

/// The path from the crate's root; `None` for one that does not begin in this crate.
fn absolute(path: &[String], here: &[String], names: &BTreeMap<String, Path>) -> Option<Path> {
    let (first, mut rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" => here.to_vec(),
        "super" => {
            rest = path;
            here.to_vec()
        }
        name => names.get(name)?.clone(),
    };
    while let Some(word) = rest.first().filter(|word| matches!(word.as_str(), "super" | "self")) {
        if word == "super" {
            base.pop();
        }
        rest = &rest[1..];
    }
    Some([&base, rest].concat())
}
