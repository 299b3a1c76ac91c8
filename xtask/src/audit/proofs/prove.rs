// SPDX-License-Identifier: MIT OR Apache-2.0
//! All proofs about one program.

use std::collections::BTreeSet;

use super::{
    edge, given,
    inline::{self, Inlined},
    mask::{self, Calls},
    proof::{Proof, Violation},
    routine, table, vectors,
};
use crate::audit::linked::{
    assembly::{self, Kind},
    binary::Binary,
    lines::Lines,
    names::Sources,
};

/// What one program comes to.
#[derive(Debug, Default)]
pub struct Report {
    pub routines: usize,
    pub instructions: usize,
    pub entries: usize,
    pub user_accesses: usize,
    pub calls: Calls,
    pub inlined: Inlined,
    pub violations: Vec<Violation>,
}

/// Runs all proofs.
pub fn prove(binary: &Binary, lines: &Lines, sources: &Sources) -> Report {
    let mut report = prove_routines(binary, None);
    report.calls = mask::audit(binary, lines, sources);
    report.violations.append(&mut report.calls.violations);
    if let Ok(entries) = binary.image.entries() {
        let entries = inline::judged(entries, lines, sources);
        report.inlined = inline::audit(binary, &entries, lines, sources);
        report.violations.append(&mut report.inlined.violations);
    }
    report
}

/// All proofs but the one about callers; of the named routine only, if there is a name.
pub fn prove_routines(binary: &Binary, only: Option<&str>) -> Report {
    let mut report = Report::default();
    let entries = match binary.image.entries() {
        Ok(entries) => entries,
        Err(what) => {
            report.violations.push(Violation { proof: Proof::Order, addr: 0, at: "table".into(), what });
            return report;
        }
    };
    report.entries = entries.len();
    report.violations = table::audit(binary, &entries);
    for function in binary.image.functions() {
        if only.is_some_and(|only| only != function.name) {
            continue;
        }
        match assembly::kind(&function.name) {
            None => {}
            Some(Err(what)) => {
                let violation = Violation::new(binary, Proof::Coverage, function.range.start, &what);
                report.violations.push(violation);
            }
            Some(Ok(kind @ (Kind::Routine(_) | Kind::Sentinel(_)))) => {
                let findings = routine::audit(binary, function, kind, &entries);
                report.routines += 1;
                report.instructions += findings.instructions;
                report.user_accesses += findings.user_accesses();
                report.violations.extend(findings.violations);
                report.violations.extend(edge::audit(binary, function));
                report.violations.extend(given::audit(binary, function, kind, &entries));
                report.violations.extend(vectors::audit(binary, function));
            }
            // They have no user side.
            Some(Ok(kind @ (Kind::Helper | Kind::Vector))) => {
                report.violations.extend(vectors::audit(binary, function));
                if kind == Kind::Helper {
                    report.violations.extend(given::audit(binary, function, kind, &entries));
                }
                let inside = entries.iter().filter(|entry| function.range.contains(&entry.insn));
                for entry in inside {
                    let what = "has an entry but accesses no user memory";
                    report.violations.push(Violation::new(binary, Proof::Coverage, entry.insn, what));
                }
            }
        }
    }
    let places: BTreeSet<_> = report.violations.drain(..).collect();
    report.violations = places.into_iter().collect();
    report
}
