// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mutations of a Rust source: of its expressions and statements, and of the assembly in its strings.

use std::ops::Range;

use anyhow::{Context, Result};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Attribute, BinOp, Expr, ExprBinary, ExprIf, ExprLit, ExprMethodCall, ItemFn, Lit, ReturnType, Stmt,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::{
    assembly::{self, Surroundings},
    change::{Edit, Kind},
    dialect::Dialect,
};

/// Methods that stand for each other.
const METHODS: &[(&str, &str)] = &[
    ("wrapping_add", "wrapping_sub"),
    ("saturating_add", "saturating_sub"),
    ("checked_add", "checked_sub"),
    ("min", "max"),
    ("is_some", "is_none"),
    ("is_some_and", "is_none_or"),
    ("is_ok", "is_err"),
];

/// Attributes on what is no part of a build: tests of the file, text for the documentation, hooks of the tests.
const LEFT_OUT: &[&str] = &["test", "doc", "feature = \"__tests\""];

/// Macros that say something, or check what others guarantee: none of what they do is wanted in a build.
const TALK: &[&str] =
    &["assert", "panic", "format", "write", "print", "matches", "unreachable", "compile_error"];

/// All mutations of a source, each with its line, counted from 1. Those that are longer than a line are left out.
pub fn edits(source: &str, dialect: &Dialect) -> Result<Vec<(usize, Edit)>> {
    let file = syn::parse_file(source).context("it is no Rust")?;
    let mut strings = Strings { found: Vec::new(), never: dialect.never };
    strings.visit_file(&file);
    let mut finder = Finder { found: Vec::new(), never: dialect.never };
    finder.visit_file(&file);
    let lines: Vec<_> = source.lines().collect();
    let mut all = Vec::new();
    for (span, kind, text) in finder.found {
        let Some((line, place)) = place(span, &lines) else { continue };
        let text = match text {
            Text::Instead(text) => text,
            Text::Negated => format!("!({})", &lines[line - 1][place.clone()]),
        };
        all.push((line, Edit::new(kind, place, text)));
    }
    let found: Vec<_> = strings.found.iter().filter_map(|span| place(*span, &lines)).collect();
    let texts = found.iter().map(|(line, place)| inside(&lines[line - 1][place.clone()]));
    let around = Surroundings::of(texts.clone().map(|(_, text)| text), dialect);
    for ((line, place), (offset, text)) in found.iter().zip(texts) {
        if assembly::is_instruction(text, dialect) {
            let edits = assembly::edits(text, &around, dialect).into_iter();
            all.extend(edits.map(|edit| (*line, edit.behind(place.start + offset))));
        }
    }
    Ok(all)
}

/// The line of a span and its bytes in it.
fn place(span: Span, lines: &[&str]) -> Option<(usize, Range<usize>)> {
    let (start, end) = (span.start(), span.end());
    if start.line != end.line {
        return None;
    }
    let line = lines.get(start.line - 1)?;
    // Columns are characters.
    let byte = |column| line.char_indices().map(|(at, _)| at).chain([line.len()]).nth(column);
    Some((start.line, byte(start.column)?..byte(end.column)?))
}

/// What is between the quotes, and where.
fn inside(literal: &str) -> (usize, &str) {
    let text = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    text.map_or((0, ""), |text| (1, text))
}

/// `never` is one more condition that does not hold.
fn is_left_out(attributes: &[Attribute], never: &str) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        let text = list.tokens.to_string();
        attribute.path().is_ident("cfg") && (LEFT_OUT.contains(&text.as_str()) || text == never)
    })
}

/// What is written in place of a span.
enum Text {
    Instead(String),
    Negated,
}

/// Finds expressions and statements.
struct Finder {
    found: Vec<(Span, Kind, Text)>,
    never: &'static str,
}

impl Finder {
    fn add(&mut self, span: Span, kind: Kind, text: impl Into<String>) {
        self.found.push((span, kind, Text::Instead(text.into())));
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// How long a symbol of the linker's is, nobody asks.
    fn visit_item_foreign_mod(&mut self, _: &'ast syn::ItemForeignMod) {}

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_left_out(attributes_of(item), self.never) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_left_out(&item.attrs, self.never) {
            self.returned(&item.sig.output, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.returned(&item.sig.output, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, it: &'ast ExprBinary) {
        let (kind, others): (_, &[&str]) = match it.op {
            BinOp::Eq(_) => (Kind::Condition, &["!="]),
            BinOp::Ne(_) => (Kind::Condition, &["=="]),
            BinOp::Lt(_) => (Kind::Condition, &["<=", ">"]),
            BinOp::Le(_) => (Kind::Condition, &["<", ">="]),
            BinOp::Gt(_) => (Kind::Condition, &[">=", "<"]),
            BinOp::Ge(_) => (Kind::Condition, &[">", "<="]),
            BinOp::And(_) => (Kind::Condition, &["||"]),
            BinOp::Or(_) => (Kind::Condition, &["&&"]),
            BinOp::Add(_) => (Kind::Operation, &["-"]),
            BinOp::Sub(_) => (Kind::Operation, &["+"]),
            BinOp::Mul(_) => (Kind::Operation, &["/"]),
            BinOp::BitAnd(_) => (Kind::Operation, &["|"]),
            BinOp::BitOr(_) => (Kind::Operation, &["&"]),
            BinOp::BitXor(_) => (Kind::Operation, &["|"]),
            BinOp::Shl(_) => (Kind::Operation, &[">>"]),
            BinOp::Shr(_) => (Kind::Operation, &["<<"]),
            _ => (Kind::Operation, &[]),
        };
        for other in others {
            self.add(it.op.span(), kind, *other);
        }
        visit::visit_expr_binary(self, it);
    }

    fn visit_expr_unary(&mut self, it: &'ast syn::ExprUnary) {
        if matches!(it.op, syn::UnOp::Not(_)) {
            self.add(it.op.span(), Kind::Condition, "");
        }
        visit::visit_expr_unary(self, it);
    }

    fn visit_expr_if(&mut self, it: &'ast ExprIf) {
        if !matches!(*it.cond, Expr::Let(_)) {
            self.found.push((it.cond.span(), Kind::Condition, Text::Negated));
        }
        visit::visit_expr_if(self, it);
    }

    fn visit_expr_lit(&mut self, it: &'ast ExprLit) {
        match &it.lit {
            Lit::Int(number) => {
                let Ok(value) = number.base10_parse::<u64>() else { return };
                for other in [value.checked_add(1), value.checked_sub(1)].into_iter().flatten() {
                    self.add(number.span(), Kind::Constant, format!("{other}{}", number.suffix()));
                }
            }
            Lit::Bool(value) => self.add(value.span(), Kind::Constant, (!value.value()).to_string()),
            _ => {}
        }
    }

    fn visit_expr_method_call(&mut self, it: &'ast ExprMethodCall) {
        for &(one, other) in METHODS {
            for (from, to) in [(one, other), (other, one)] {
                if it.method == from {
                    self.add(it.method.span(), Kind::Operation, to);
                }
            }
        }
        visit::visit_expr_method_call(self, it);
    }

    fn visit_stmt(&mut self, it: &'ast Stmt) {
        if let Stmt::Expr(
            Expr::Assign(_) | Expr::Binary(_) | Expr::Call(_) | Expr::MethodCall(_) | Expr::Unsafe(_),
            Some(_),
        ) = it
        {
            self.add(it.span(), Kind::Deleted, "");
        }
        visit::visit_stmt(self, it);
    }
}

impl Finder {
    /// A function that returns a constant: what it computes at its end is not wanted.
    fn returned(&mut self, output: &ReturnType, block: &syn::Block) {
        let (ReturnType::Type(_, kind), Some(Stmt::Expr(last, None))) = (output, block.stmts.last()) else {
            return;
        };
        let syn::Type::Path(path) = &**kind else { return };
        let Some(name) = path.path.segments.last() else { return };
        let constants: &[&str] = match name.ident.to_string().as_str() {
            "bool" => &["true", "false"],
            "usize" | "u64" | "u32" | "u16" | "u8" => &["0", "1"],
            "Option" => &["None"],
            _ => &[],
        };
        for constant in constants {
            self.add(last.span(), Kind::Constant, *constant);
        }
    }
}

fn attributes_of(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Const(it) => &it.attrs,
        syn::Item::Fn(it) => &it.attrs,
        syn::Item::Impl(it) => &it.attrs,
        syn::Item::Macro(it) => &it.attrs,
        syn::Item::Mod(it) => &it.attrs,
        syn::Item::Static(it) => &it.attrs,
        _ => &[],
    }
}

/// Finds the strings in the arguments of macros: of `asm!`, and of the macros that make its text.
struct Strings {
    found: Vec<Span>,
    never: &'static str,
}

impl<'ast> Visit<'ast> for Strings {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_left_out(attributes_of(item), self.never) {
            visit::visit_item(self, item);
        }
    }

    fn visit_macro(&mut self, it: &'ast syn::Macro) {
        let name = it.path.segments.last().map(|it| it.ident.to_string()).unwrap_or_default();
        if !TALK.iter().any(|talk| name.contains(talk)) {
            self.take(it.tokens.clone());
        }
    }
}

impl Strings {
    fn take(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.take(group.stream()),
                TokenTree::Literal(literal) if literal.to_string().starts_with('"') => {
                    self.found.push(literal.span())
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::mutate::{change::Kind, dialect::X86_64};

    const SOURCE: &str = r#"
/// One and 2.
const BIT: u8 = 1 << 3;

fn is_in(at: usize, end: usize) -> bool {
    if at == 0 { return false; }
    leave(at);
    at < end && !is_odd(at)
}

fn open() {
    // SAFETY: none.
    unsafe { asm!("mov rax, qword ptr [rsi + 8]", "stac", options(nostack)) };
    assert!(true, "no add rax, 1");
}

#[cfg(test)]
mod tests {
    fn never() -> bool { 1 < 2 }
}

#[cfg(axptr_ax_cpu = "from-start")]
const FORM: u8 = 2;
"#;

    #[test]
    fn each_kind_changes_what_it_says_and_keeps_the_rest() {
        let edits = edits(SOURCE, &X86_64).expect("it is Rust");
        let lines: Vec<_> = SOURCE.lines().collect();
        let changed: Vec<_> =
            edits.iter().map(|(line, edit)| (*line, edit.kind, edit.applied(lines[line - 1]))).collect();
        for (line, kind, expected) in [
            (3, Kind::Constant, "const BIT: u8 = 1 << 4;"),
            (3, Kind::Operation, "const BIT: u8 = 1 >> 3;"),
            (6, Kind::Condition, "    if at != 0 { return false; }"),
            (6, Kind::Condition, "    if !(at == 0) { return false; }"),
            (6, Kind::Constant, "    if at == 0 { return true; }"),
            (7, Kind::Deleted, "    "),
            (8, Kind::Condition, "    at <= end && !is_odd(at)"),
            (8, Kind::Condition, "    at < end || !is_odd(at)"),
            (8, Kind::Condition, "    at < end && is_odd(at)"),
            (8, Kind::Constant, "    false"),
            (
                13,
                Kind::Operation,
                "    unsafe { asm!(\"mov rax, qword ptr [rsi + 8]\", \"clac\", options(nostack)) };",
            ),
            (
                13,
                Kind::Constant,
                "    unsafe { asm!(\"mov rax, qword ptr [rsi + 9]\", \"stac\", options(nostack)) };",
            ),
            (
                13,
                Kind::Width,
                "    unsafe { asm!(\"mov eax, dword ptr [rsi + 8]\", \"stac\", options(nostack)) };",
            ),
        ] {
            let expected = (line, kind, expected.to_owned());
            assert!(changed.contains(&expected), "{expected:?} is none of {changed:#?}");
        }
        assert!(changed.iter().all(|(line, ..)| ![2, 12, 14, 19, 23].contains(line)), "{changed:#?}");
    }
}
