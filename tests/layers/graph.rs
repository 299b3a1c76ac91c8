// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which file names which.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    files::Source,
    paths::{Named, Path, module_of, named},
};

const MACHINE: &str = "machine";
const MACHINES: [&str; 4] = ["x86_64", "aarch64", "riscv64", "loongarch64"];

/// The files of a crate, and what each names of the others.
pub(crate) struct Graph {
    /// From each file to those that define what it names.
    pub(crate) edges: BTreeMap<String, BTreeSet<String>>,
    /// What no file could be found for, or could not be read, with the file that names it.
    pub(crate) unresolved: Vec<(String, String)>,
}

/// What all files of a crate name, by the module of each.
struct Crate<'a> {
    files: BTreeMap<Path, &'a str>,
    named: BTreeMap<Path, Named>,
}

impl Graph {
    /// `macros` are those that the crate exports at its root, with the file that defines each.
    pub(crate) fn of(sources: &[Source], macros: &[(&str, &str)]) -> Self {
        let it = Crate::new(sources);
        let mut edges = BTreeMap::new();
        let mut unresolved = Vec::new();
        for (path, _) in sources {
            let own = module_of(path);
            let named = &it.named[&own];
            unresolved.extend(named.unreadable.iter().map(|what| (path.clone(), (*what).to_owned())));
            let mut targets = BTreeSet::new();
            for name in &named.paths {
                if let Some((_, file)) = macros.iter().find(|(exported, _)| *name == [*exported]) {
                    targets.insert((*file).to_owned());
                    continue;
                }
                // What a file passes on of its own children is no dependency of its own.
                let passes_on = |(_, path): &(String, Path)| path == name;
                if named.reexports.iter().any(passes_on) && name.len() > own.len() && name.starts_with(&own) {
                    continue;
                }
                for name in it.machines(name) {
                    if !it.follow(&name, &own, 0, &mut targets) {
                        unresolved.push((path.clone(), name.join("::")));
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

impl<'a> Crate<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let files: BTreeMap<Path, &str> =
            sources.iter().map(|(path, _)| (module_of(path), path.as_str())).collect();
        let named = sources
            .iter()
            .map(|(path, text)| {
                let own = module_of(path);
                let children = files.keys().filter(|module| is_child(module, &own));
                let children = children.map(|module| module.last().unwrap().clone());
                // `arch::machine_file!(as machine)` declares this machine's file by that name.
                let alias = text.contains("machine_file!(as machine)").then(|| MACHINE.to_owned());
                let children: Vec<String> = children.chain(alias).collect();
                (own, named(path, text, &children))
            })
            .collect();
        Self { files, named }
    }

    /// Adds the file that defines what is named from `own`, through what others pass on; false if there is none.
    fn follow(&self, name: &[String], own: &[String], depth: usize, targets: &mut BTreeSet<String>) -> bool {
        const DEEPEST: usize = 8;
        let Some(len) = (0..=name.len()).rev().find(|&len| self.files.contains_key(&name[..len])) else {
            return false;
        };
        let (module, rest) = name.split_at(len);
        if depth > DEEPEST || (len == 0 && !own.is_empty()) {
            return false;
        }
        let reexports = &self.named[module].reexports;
        let all = rest.first().is_some_and(|word| word == "*");
        let mut is_passed_on = false;
        for (passed, path) in reexports.iter().filter(|(passed, _)| all || rest.first() == Some(passed)) {
            let path = [path, rest.get(1..).unwrap_or_default()].concat();
            // All that a module passes on may come from anywhere: its own file stands for it.
            if passed != "*" && path != name {
                is_passed_on |= self.follow(&path, own, depth + 1, targets);
            }
        }
        if all || !is_passed_on {
            targets.insert(self.files[module].to_owned());
        }
        true
    }

    /// In place of the name `machine`, unless a file has it, the file of each machine.
    fn machines(&self, name: &[String]) -> Vec<Path> {
        match name.iter().position(|word| word == MACHINE) {
            Some(at) if !self.files.contains_key(&name[..=at]) => MACHINES
                .iter()
                .map(|machine| [&name[..at], &[(*machine).to_owned()], &name[at + 1..]].concat())
                .collect(),
            _ => vec![name.to_vec()],
        }
    }
}

fn is_child(module: &[String], parent: &[String]) -> bool {
    module.len() == parent.len() + 1 && module.starts_with(parent)
}
