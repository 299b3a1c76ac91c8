// SPDX-License-Identifier: MIT OR Apache-2.0
//! A linked program: its code, symbols, pointers, lines, and exception table.

use std::{collections::HashMap, fs, ops::Range, path::Path, rc::Rc};

use anyhow::{Context, Result, bail, ensure};
use object::{
    Architecture, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf,
    read::elf::{ElfFile64, ProgramHeader},
};

use super::{
    assembly::PREFIX,
    entry::{ENTRY_SIZE, Entry},
};

/// The section of the exception table.
const TABLE: &str = "axptr_ex_table";
/// Those of ax-cpu's tables.
const AX_CPU_TABLES: [&str; 2] = ["__ex_table", "__nofault_ex_table"];

/// A linked program in memory.
#[derive(Clone, Debug)]
pub struct Image {
    /// Shared among images until one is patched, as are the names.
    bytes: Rc<Vec<u8>>,
    /// What is loaded from the file: addresses, and where their bytes are.
    loaded: Vec<(Range<u64>, usize)>,
    /// Also what the loader fills with zeros.
    memory: Vec<Range<u64>>,
    code: Vec<Range<u64>>,
    /// Functions in ascending order, each address once.
    functions: Rc<Vec<Function>>,
    /// Other names by their addresses: data and labels.
    names: Rc<HashMap<String, u64>>,
    /// Where variables lie, in ascending order.
    variables: Rc<Vec<Range<u64>>>,
    /// What the loader will write, by place.
    relocated: Rc<HashMap<u64, u64>>,
    table: Range<u64>,
    /// Where a section of ax-cpu's begins.
    ax_cpu_table: Option<u64>,
    /// Where code has been patched.
    patched: Vec<u64>,
}

/// A function's symbol.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub range: Range<u64>,
    /// Where a routine is entered under another name.
    pub other_entries: Vec<u64>,
}

impl Image {
    pub fn read(path: &Path, architecture: Architecture) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(bytes, architecture).with_context(|| path.display().to_string())
    }

    fn parse(bytes: Vec<u8>, architecture: Architecture) -> Result<Self> {
        let file: ElfFile64 = ElfFile64::parse(&*bytes)?;
        ensure!(file.architecture() == architecture, "it is for {:?}", file.architecture());
        let endian = file.endian();
        let mut loaded = Vec::new();
        let mut memory = Vec::new();
        for segment in file.elf_program_headers() {
            if segment.p_type(endian) == elf::PT_LOAD {
                let start = segment.p_vaddr(endian);
                loaded.push((start..start + segment.p_filesz(endian), segment.p_offset(endian) as usize));
                memory.push(start..start + segment.p_memsz(endian));
            }
        }
        let mut code = Vec::new();
        let (mut table, mut ax_cpu_table) = (None, None);
        for section in file.sections() {
            let range = section.address()..section.address() + section.size();
            if let SectionFlags::Elf { sh_flags } = section.flags()
                && sh_flags & u64::from(elf::SHF_EXECINSTR) != 0
            {
                code.push(range.clone());
            }
            if AX_CPU_TABLES.contains(&section.name()?) {
                ax_cpu_table = Some(section.address());
            }
            if section.name()? == TABLE {
                ensure!(table.replace(range).is_none(), "it has two sections {TABLE}");
            }
        }
        let Some(table) = table else { bail!("it has no section {TABLE}") };
        let Symbols { functions, names, variables } = symbols(&file)?;
        let relocated = file.dynamic_relocations().into_iter().flatten().filter_map(|(place, relocation)| {
            // Only those of the image's own addresses matter: the addend is the address.
            let own = matches!(relocation.target(), object::RelocationTarget::Absolute);
            own.then_some((place, relocation.addend() as u64))
        });
        let relocated = Rc::new(relocated.collect());
        let (functions, names, variables) = (Rc::new(functions), Rc::new(names), Rc::new(variables));
        let (patched, bytes) = (Vec::new(), Rc::new(bytes));
        Ok(Self {
            loaded,
            memory,
            code,
            functions,
            names,
            variables,
            relocated,
            table,
            ax_cpu_table,
            patched,
            bytes,
        })
    }

    /// The file's bytes, for readers of what is not loaded.
    pub fn file(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes from `addr` to the end of what is loaded with it.
    pub fn at(&self, addr: u64) -> Option<&[u8]> {
        let place = self.place(addr)?;
        self.bytes.get(place)
    }

    fn place(&self, addr: u64) -> Option<Range<usize>> {
        let (range, offset) = self.loaded.iter().find(|(range, _)| range.contains(&addr))?;
        let start = offset + (addr - range.start) as usize;
        Some(start..offset + (range.end - range.start) as usize)
    }

    /// Whether the program has memory of its own there.
    pub fn is_memory(&self, addr: u64) -> bool {
        self.memory.iter().any(|range| range.contains(&addr))
    }

    /// Whether instructions lie there.
    pub fn is_code(&self, addr: u64) -> bool {
        self.code.iter().any(|range| range.contains(&addr))
    }

    /// The pointer that lies at `addr` once the program is loaded.
    pub fn pointer(&self, addr: u64) -> Option<u64> {
        if let Some(target) = self.relocated.get(&addr) {
            return Some(*target);
        }
        Some(u64::from_le_bytes(self.at(addr)?.first_chunk().copied()?))
    }

    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Moves the end of a function behind code that its symbol does not cover.
    pub fn extend(&mut self, start: u64, end: u64) {
        let functions = Rc::make_mut(&mut self.functions);
        if let Some(function) = functions.iter_mut().find(|function| function.range.start == start) {
            function.range.end = function.range.end.max(end);
        }
    }

    /// The code behind the function of `addr` that belongs to no other.
    pub fn behind(&self, addr: u64) -> Option<Range<u64>> {
        let function = self.function_of(addr)?;
        let section = self.code.iter().find(|section| section.contains(&addr))?;
        let next = self.functions.partition_point(|other| other.range.start <= addr);
        let next = self.functions.get(next).map_or(section.end, |next| next.range.start.min(section.end));
        Some(function.range.end..next)
    }

    /// The function that `addr` lies in.
    pub fn function_of(&self, addr: u64) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.range.start <= addr);
        let found = &self.functions[after.checked_sub(1)?];
        found.range.contains(&addr).then_some(found)
    }

    /// Whether all these bytes are of one variable.
    pub fn is_in_variable(&self, bytes: &Range<u64>) -> bool {
        let after = self.variables.partition_point(|variable| variable.start <= bytes.start);
        let before = self.variables[..after].last();
        before.is_some_and(|variable| bytes.end <= variable.end)
    }

    /// Makes all variables shorter by a byte.
    pub fn shorten_variables(&mut self) {
        for variable in Rc::make_mut(&mut self.variables) {
            variable.end -= 1;
        }
    }

    /// The address of what has this name.
    pub fn name(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    /// The lowest address of what has a name of this form.
    pub fn named(&self, is: impl Fn(&str) -> bool) -> Option<u64> {
        self.names.iter().filter(|(name, _)| is(name)).map(|(_, addr)| *addr).min()
    }

    /// `function+0x12`, for messages.
    pub fn describe(&self, addr: u64) -> String {
        match self.function_of(addr) {
            Some(function) => format!("{}+{:#x}", function.name, addr - function.range.start),
            None => format!("{addr:#x}"),
        }
    }

    /// The table's entries, in its order.
    pub fn entries(&self) -> Result<Vec<Entry>, String> {
        let size = self.table.end - self.table.start;
        if size == 0 || !size.is_multiple_of(ENTRY_SIZE) {
            return Err(format!("the table's {size} bytes are no whole entries"));
        }
        let bytes = self.at(self.table.start).ok_or("the table is not loaded")?;
        let entries = bytes.chunks_exact(ENTRY_SIZE as usize).zip(0..size / ENTRY_SIZE);
        Ok(entries.map(|(bytes, index)| Entry::parse(self.table.start + index * ENTRY_SIZE, bytes)).collect())
    }

    /// Where there is a table of ax-cpu's.
    pub fn ax_cpu_table(&self) -> Option<u64> {
        self.ax_cpu_table
    }

    /// Replaces bytes that are loaded to `addr`.
    pub fn patch(&mut self, addr: u64, new: &[u8]) {
        let place = self.place(addr).expect("only what is loaded is patched");
        Rc::make_mut(&mut self.bytes)[place][..new.len()].copy_from_slice(new);
        if self.is_code(addr) {
            self.patched.push(addr);
        }
    }

    /// Where code has been patched.
    pub fn patched(&self) -> &[u64] {
        &self.patched
    }

    /// Replaces the table by one that is not longer.
    pub fn replace_table(&mut self, entries: &[Entry]) {
        let start = self.table.start;
        for (entry, place) in entries.iter().zip((start..self.table.end).step_by(ENTRY_SIZE as usize)) {
            self.patch(place, &entry.bytes(place));
        }
        self.table.end = start + entries.len() as u64 * ENTRY_SIZE;
    }
}

/// What the symbols say.
struct Symbols {
    /// In ascending order.
    functions: Vec<Function>,
    /// Where everything named is.
    names: HashMap<String, u64>,
    /// In ascending order.
    variables: Vec<Range<u64>>,
}

fn symbols(file: &ElfFile64) -> Result<Symbols> {
    let (mut functions, mut names, mut variables) = (Vec::new(), HashMap::new(), Vec::new());
    for symbol in file.symbols() {
        let name = symbol.name()?;
        if symbol.is_undefined() || name.is_empty() {
            continue;
        }
        let name = format!("{:#}", rustc_demangle::demangle(name));
        let range = symbol.address()..symbol.address() + symbol.size();
        match symbol.kind() {
            _ if range.is_empty() => {}
            SymbolKind::Text => {
                functions.push(Function { name: name.clone(), range, other_entries: Vec::new() });
            }
            SymbolKind::Data => variables.push(range),
            _ => {}
        }
        names.insert(name, symbol.address());
    }
    ensure!(!functions.is_empty(), "it has no symbols");
    // Identical functions may have been folded: one name is enough, but a routine's goes first.
    functions.sort_by_key(|function| (function.range.start, !function.name.starts_with(PREFIX)));
    functions.dedup_by_key(|function| function.range.start);
    functions.dedup_by(|inner, outer| {
        let is_entry =
            inner.name.starts_with(&format!("{}_", outer.name)) && outer.range.contains(&inner.range.start);
        if is_entry {
            outer.other_entries.push(inner.range.start);
        }
        is_entry
    });
    variables.sort_by_key(|variable| (variable.start, variable.end));
    Ok(Symbols { functions, names, variables })
}
