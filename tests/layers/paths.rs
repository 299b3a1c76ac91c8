// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paths that a source names: `use` trees taken apart, and paths in its code.

/// One path, from the crate's root: `access`, `range`, `UserRange`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    /// Whether the file only passes it on (`pub use`).
    pub(crate) is_reexport: bool,
}

/// The module of the file at `path`, as its path from the crate's root.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    let file = parts.pop().unwrap();
    match file.as_str() {
        "mod.rs" | "lib.rs" | "main.rs" => {}
        name => parts.push(name.trim_end_matches(".rs").to_owned()),
    }
    parts
}

/// What the file at `path` names by `crate::`, `super::`, `self::`, or by one of its `children`.
pub(crate) fn named(path: &str, text: &str, children: &[String]) -> Vec<Named> {
    let tokens = tokens(&without_strings(&without_comments(text)));
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    // The module that each open brace belongs to.
    let mut modules = vec![module_of(path)];
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here = modules.last().unwrap().clone();
        match token(at) {
            "{" => {
                let mut inner = here;
                if at >= 2 && token(at - 2) == "mod" {
                    inner.push(token(at - 1).to_owned());
                }
                modules.push(inner);
            }
            "}" if modules.len() > 1 => _ = modules.pop(),
            "use" => {
                let is_reexport = at > 0 && matches!(token(at - 1), "pub" | ")");
                let mut end = at + 1;
                for path in tree(&tokens, &mut end) {
                    let path = absolute(&path, &here, children);
                    found.extend(path.map(|path| Named { path, is_reexport }));
                }
                at = end;
                continue;
            }
            _ if at > 0 && matches!(token(at - 1), "::" | "$" | ".") => {}
            _ if token(at + 1) == "::" => {
                let mut end = at;
                let mut path = vec![token(end).to_owned()];
                while token(end + 1) == "::" && token(end + 2).starts_with(is_word) {
                    path.push(token(end + 2).to_owned());
                    end += 2;
                }
                let path = absolute(&path, &here, children);
                found.extend(path.map(|path| Named { path, is_reexport: false }));
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The paths of the `use` tree at `at`, which is left behind it.
fn tree(tokens: &[String], at: &mut usize) -> Vec<Vec<String>> {
    let mut prefix = Vec::new();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token.as_str() {
            "{" => {
                let mut paths = Vec::new();
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    for path in tree(tokens, at) {
                        paths.push([prefix.clone(), path].concat());
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
            "as" => *at += 1,
            "::" => {}
            word => prefix.push(word.to_owned()),
        }
    }
    vec![prefix]
}

/// The path from the crate's root; `None` for one that does not begin in this crate.
fn absolute(path: &[String], here: &[String], children: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => return Some(rest.to_vec()),
        "self" => return Some([here, rest].concat()),
        "super" => here.to_vec(),
        child if children.iter().any(|known| known == child) => return Some([here, path].concat()),
        _ => return None,
    };
    let mut rest = path;
    while rest.first().is_some_and(|word| word == "super") {
        base.pop();
        rest = &rest[1..];
    }
    Some([&base, rest].concat())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words, `::`, and every other character by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let len = if word > 0 {
            word
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..len].to_owned());
        rest = rest[len..].trim_start();
    }
    tokens
}

/// Line comments (documentation included) and block comments, removed. A `//` in a string ends its line, too.
pub(crate) fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let mut code = lines.collect::<Vec<_>>().join("\n");
    while let Some(start) = code.find("/*") {
        let end = code[start..].find("*/").map_or(code.len(), |end| start + end + 2);
        code.replace_range(start..end, " ");
    }
    code
}

/// String literals, emptied.
fn without_strings(text: &str) -> String {
    let plain = text.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "").replace("b'\"'", "");
    plain.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}
