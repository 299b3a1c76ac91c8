// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the library's sources, and finds its public functions: what the tests that claim to be complete are held
//! against. It knows as much of the language as these sources use, macros that define functions included.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A `pub fn`, by its type's or its module's name: `UserPtr::read`, `bulk::copy_to_user_chunked`.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Its words and signs from `fn` to the body, behind `impl` and the generics of the block that it is in.
    pub(crate) signature: Vec<String>,
}

type Tokens = Vec<String>;

/// What is wrong with a list that should name each function for which `is_wanted`, and no other.
pub(crate) fn faults_of<'a>(
    functions: &[Function],
    is_wanted: impl Fn(&Function) -> bool,
    listed: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted: BTreeSet<&str> =
        functions.iter().filter(|it| is_wanted(it)).map(|it| it.name.as_str()).collect();
    let listed: BTreeSet<&str> = listed.into_iter().collect();
    let missing = wanted.difference(&listed).map(|name| format!("`{name}` is in no row of the table"));
    let stale =
        listed.difference(&wanted).map(|name| format!("the table names `{name}`, which is not there"));
    missing.chain(stale).collect()
}

/// All public functions below `src`. Those of a private module count too: the library lets none be public for nothing.
pub(crate) fn public_functions() -> Vec<Function> {
    let src = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    let mut functions = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let mut module: Vec<_> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
            module.pop();
        }
        // Users see no floor of the house but `extable`.
        if module.len() > 1 && module[0] != "extable" {
            module.remove(0);
        }
        functions.extend(functions_of(&module, &text));
    }
    assert!(functions.len() > 100, "only {} functions: the reader has lost the sources", functions.len());
    functions
}

/// The public functions of one file.
pub(crate) fn functions_of(module: &[String], text: &str) -> Vec<Function> {
    let tokens = tokens(text);
    let mut functions = Vec::new();
    scan(&tokens, module, &macros(&tokens), &[], &mut functions);
    functions
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Words, lifetimes, `::`, `->`, `=>`, strings as `""`, and every other sign by itself; no comments.
fn tokens(text: &str) -> Tokens {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = |from: usize| rest[from..].find(|c| !is_word(c)).map_or(rest.len(), |len| from + len);
        let mut token = None;
        let len = if rest.starts_with("//") {
            token = Some("");
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            token = Some("");
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            token = Some("\"\"");
            end_of_string(rest)
        } else if is_word(first) {
            word(0)
        } else if first == '\'' && rest[1..].starts_with('\\') {
            3 + rest[3..].find('\'').expect("a character ends")
        } else if first == '\'' {
            let second = rest[1..].chars().next().expect("a character or a lifetime").len_utf8();
            if rest[1 + second..].starts_with('\'') { second + 2 } else { word(1) }
        } else if ["::", "->", "=>"].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else {
            first.len_utf8()
        };
        let token = token.unwrap_or(&rest[..len]);
        if !token.is_empty() {
            tokens.push(token.to_owned());
        }
        rest = rest[len..].trim_start();
    }
    tokens
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is(tokens: &[String], at: usize, expected: &str) -> bool {
    tokens.get(at).is_some_and(|token| token == expected)
}

/// The index behind the bracket that closes the one at `at`.
fn behind(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    panic!("an open bracket: {:?}", &tokens[at..tokens.len().min(at + 20)]);
}

/// The index behind the `>` that closes the `<` at `at`.
fn behind_generics(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "<" => depth += 1,
            ">" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    panic!("open generics: {:?}", &tokens[at..tokens.len().min(at + 20)]);
}

/// The arms of each macro that defines public functions: pattern and body.
fn macros(tokens: &[String]) -> BTreeMap<String, Vec<(Tokens, Tokens)>> {
    let mut macros = BTreeMap::new();
    for at in (0..tokens.len()).filter(|&at| is(tokens, at, "macro_rules") && is(tokens, at + 1, "!")) {
        let end = behind(tokens, at + 3);
        let body = &tokens[at + 4..end - 1];
        if !body.iter().enumerate().any(|(at, _)| function_at(body, at).is_some()) {
            continue;
        }
        let mut arms = Vec::new();
        let mut arm = 0;
        while arm < body.len() {
            let pattern = arm..behind(body, arm);
            let to = pattern.end + 1;
            let expansion = to..behind(body, to);
            let inner = |range: std::ops::Range<usize>| body[range.start + 1..range.end - 1].to_vec();
            arm = expansion.end + usize::from(is(body, expansion.end, ";"));
            arms.push((inner(pattern), inner(expansion)));
        }
        macros.insert(tokens[at + 2].clone(), arms);
    }
    macros
}

/// The index of `fn` if a public function begins at `at`.
fn function_at(tokens: &[String], at: usize) -> Option<usize> {
    if !is(tokens, at, "pub") {
        return None;
    }
    let qualifiers = ["const", "unsafe", "async", "extern", "\"\""];
    let is_qualifier = |token: &&String| qualifiers.contains(&token.as_str());
    let fn_at = at + 1 + tokens[at + 1..].iter().take_while(is_qualifier).count();
    is(tokens, fn_at, "fn").then_some(fn_at)
}

/// Finds the functions in modules, in `impl` blocks, and in what macros expand to.
fn scan(
    tokens: &[String],
    module: &[String],
    macros: &BTreeMap<String, Vec<(Tokens, Tokens)>>,
    block: &[String],
    functions: &mut Vec<Function>,
) {
    let mut at = 0;
    while at < tokens.len() {
        let token = tokens[at].as_str();
        if let Some(fn_at) = function_at(tokens, at) {
            let mut end = fn_at;
            while !is(tokens, end, "{") && !is(tokens, end, ";") {
                end = if is(tokens, end, "(") { behind(tokens, end) } else { end + 1 };
            }
            let owner = owner_of(block).or(module.last().cloned()).unwrap_or("lib".to_owned());
            let owner = if block.is_empty() && !module.is_empty() { module.join("::") } else { owner };
            let mut signature = block.to_vec();
            signature.extend_from_slice(&tokens[fn_at..end]);
            functions.push(Function { name: format!("{owner}::{}", tokens[fn_at + 1]), signature });
            at = if is(tokens, end, "{") { behind(tokens, end) } else { end + 1 };
        } else if token == "macro_rules" {
            at = behind(tokens, at + 3);
        } else if let Some(arms) = macros.get(token).filter(|_| is(tokens, at + 1, "!")) {
            let end = behind(tokens, at + 2);
            let argument = &tokens[at + 3..end - 1];
            let expanded = arms.iter().find_map(|(pattern, body)| {
                let bound = bind(pattern, argument)?;
                Some(expand(body, &bound))
            });
            let expanded = expanded.unwrap_or_else(|| panic!("no arm of {token} fits {argument:?}"));
            scan(&expanded, module, macros, block, functions);
            at = end;
        } else if token == "mod" && is(tokens, at + 2, "{") {
            let end = behind(tokens, at + 2);
            let mut inner = module.to_vec();
            inner.push(tokens[at + 1].clone());
            scan(&tokens[at + 3..end - 1], &inner, macros, block, functions);
            at = end;
        } else if token == "impl" {
            let open = (at..tokens.len()).find(|&at| is(tokens, at, "{")).expect("an impl has a block");
            let end = behind(tokens, open);
            scan(&tokens[open + 1..end - 1], module, macros, &tokens[at..open], functions);
            at = end;
        } else if matches!(token, "{" | "(" | "[") {
            at = behind(tokens, at);
        } else {
            at += 1;
        }
    }
}

/// The type of an inherent `impl`.
fn owner_of(block: &[String]) -> Option<String> {
    let name = if is(block, 1, "<") { behind_generics(block, 1) } else { 1 };
    block.get(name).cloned()
}

/// What the variables of a macro stand for; in a repetition, what each time.
#[derive(Clone, Debug, Default)]
struct Bound {
    tokens: BTreeMap<String, Tokens>,
    rounds: Vec<Bound>,
}

/// Matches a macro's argument with a pattern that has one repetition at most, as all of ours.
fn bind(pattern: &[String], argument: &[String]) -> Option<Bound> {
    let mut bound = Bound::default();
    let mut at = 0;
    let mut index = 0;
    while index < pattern.len() {
        if is(pattern, index, "$") && is(pattern, index + 1, "(") {
            let end = behind(pattern, index + 1);
            let inner = &pattern[index + 2..end - 1];
            while at < argument.len() {
                let Some((round, used)) = bind_some(inner, &argument[at..]) else { break };
                // Attributes may be missing: the comments that they are made of are not seen here.
                if used == 0 {
                    break;
                }
                bound.rounds.push(round);
                at += used;
            }
            index = end + 1;
        } else {
            let len = if is(pattern, index, "$") { 4 } else { 1 };
            let (some, used) = bind_some(&pattern[index..], &argument[at..])?;
            bound.tokens.extend(some.tokens);
            at += used;
            index += bound_prefix(&pattern[index..]).max(len);
        }
    }
    (at == argument.len()).then_some(bound)
}

/// How many tokens of the pattern stand in front of its repetition.
fn bound_prefix(pattern: &[String]) -> usize {
    (0..pattern.len()).find(|&at| is(pattern, at, "$") && is(pattern, at + 1, "(")).unwrap_or(pattern.len())
}

/// Matches a pattern up to its next repetition with the beginning of `argument`; says how much that is.
fn bind_some(pattern: &[String], argument: &[String]) -> Option<(Bound, usize)> {
    let mut bound = Bound::default();
    let (mut at, mut index) = (0, 0);
    // A repetition at the start of a round is one of attributes.
    while is(pattern, index, "$") && is(pattern, index + 1, "(") {
        index = behind(pattern, index + 1) + 1;
    }
    while index < pattern.len() {
        if is(pattern, index, "$") && is(pattern, index + 1, "(") {
            break;
        }
        if is(pattern, index, "$") {
            let single = matches!(pattern[index + 3].as_str(), "ident" | "literal" | "tt");
            let stop = pattern.get(index + 4);
            let mut end = at;
            while end < argument.len() && (end == at || (!single && Some(&argument[end]) != stop)) {
                let opens = matches!(argument[end].as_str(), "(" | "[" | "{");
                end = if opens { behind(argument, end) } else { end + 1 };
            }
            if end == at {
                return None;
            }
            bound.tokens.insert(pattern[index + 1].clone(), argument[at..end].to_vec());
            at = end;
            index += 4;
        } else {
            if argument.get(at) != Some(&pattern[index]) {
                return None;
            }
            at += 1;
            index += 1;
        }
    }
    Some((bound, at))
}

fn expand(body: &[String], bound: &Bound) -> Tokens {
    let mut expanded = Vec::new();
    let mut at = 0;
    while at < body.len() {
        if is(body, at, "$") && is(body, at + 1, "(") {
            let end = behind(body, at + 1);
            for round in &bound.rounds {
                let mut inner = bound.clone();
                inner.tokens.extend(round.tokens.clone());
                inner.rounds = round.rounds.clone();
                expanded.extend(expand(&body[at + 2..end - 1], &inner));
            }
            at = end + 1;
        } else if let Some(tokens) = body.get(at + 1).and_then(|name| bound.tokens.get(name))
            && is(body, at, "$")
        {
            expanded.extend_from_slice(tokens);
            at += 2;
        } else {
            expanded.push(body[at].clone());
            at += 1;
        }
    }
    expanded
}
