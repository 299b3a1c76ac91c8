// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which file names which.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    files::Source,
    paths::{Named, module_of, named},
};

const MACHINE: &str = "machine";
const MACHINES: [&str; 4] = ["x86_64", "aarch64", "riscv64", "loongarch64"];

/// The files of a crate, and what each names of the others.
pub(crate) struct Graph {
    /// From each file to those that define what it names.
    pub(crate) edges: BTreeMap<String, BTreeSet<String>>,
    /// What no file could be found for, with the file that names it.
    pub(crate) unresolved: Vec<(String, String)>,
}

impl Graph {
    /// `macros` are those that the crate exports at its root, with the file that defines each.
    pub(crate) fn of(sources: &[Source], macros: &[(&str, &str)]) -> Self {
        let files: BTreeMap<Vec<String>, &str> =
            sources.iter().map(|(path, _)| (module_of(path), path.as_str())).collect();
        let mut edges = BTreeMap::new();
        let mut unresolved = Vec::new();
        for (path, text) in sources {
            let own = module_of(path);
            let mut targets = BTreeSet::new();
            let children: Vec<String> = files
                .keys()
                .filter(|module| is_child(module, &own))
                .map(|m| m.last().unwrap().clone())
                .collect();
            // `arch::machine_file!(as machine)` declares this machine's file by that name.
            let alias = text.contains("machine_file!(as machine)").then(|| MACHINE.to_owned());
            let children: Vec<String> = children.into_iter().chain(alias).collect();
            for Named { path: name, is_reexport } in named(path, text, &children) {
                if let Some((_, file)) = macros.iter().find(|(exported, _)| name == [*exported]) {
                    targets.insert((*file).to_owned());
                    continue;
                }
                for name in machines(&name, &files) {
                    // What a file passes on of its own children is no dependency.
                    if is_reexport && name.starts_with(&own) && name.len() > own.len() {
                        continue;
                    }
                    let module = (0..=name.len()).rev().find(|&len| files.contains_key(&name[..len]));
                    match module {
                        Some(0) if !own.is_empty() => unresolved.push((path.clone(), name.join("::"))),
                        Some(len) => _ = targets.insert(files[&name[..len]].to_owned()),
                        None => unresolved.push((path.clone(), name.join("::"))),
                    }
                }
            }
            targets.remove(path);
            edges.insert(path.clone(), targets);
        }
        Self { edges, unresolved }
    }

    /// A circle of files, if there is one: each names the next, and the last the first.
    pub(crate) fn circle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.edges.keys().find_map(|file| self.circle_from(file, &mut Vec::new(), &mut done))
    }

    fn circle_from<'a>(
        &'a self,
        file: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|before| *before == file) {
            return Some(way[start..].iter().map(|file| (*file).to_owned()).collect());
        }
        if !done.insert(file) {
            return None;
        }
        way.push(file);
        let next = self.edges.get(file).into_iter().flatten();
        let circle = next.into_iter().find_map(|next| self.circle_from(next, way, done));
        way.pop();
        circle
    }
}

fn is_child(module: &[String], parent: &[String]) -> bool {
    module.len() == parent.len() + 1 && module.starts_with(parent)
}

/// In place of the name `machine`, unless a file has it, the file of each machine.
fn machines(name: &[String], files: &BTreeMap<Vec<String>, &str>) -> Vec<Vec<String>> {
    match name.iter().position(|word| word == MACHINE) {
        Some(at) if !files.contains_key(&name[..=at]) => MACHINES
            .iter()
            .map(|machine| [&name[..at], &[(*machine).to_owned()], &name[at + 1..]].concat())
            .collect(),
        _ => vec![name.to_vec()],
    }
}
