// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which functions are broken.

use super::{
    change::{erase, has},
    inlined::{Access, inlined},
    length::Masked,
    outcome::Outcomes,
    routine::Routine,
};
use crate::audit::{
    linked::{
        assembly::{self, Kind},
        binary::Binary,
        lines::Lines,
        names::Sources,
    },
    proofs::{inline, mask, pattern, proof::Proof, prove::Report},
};
use crate::run::report::Tally;

/// How many functions lose their masks.
const UNMASKED: usize = 8;
/// How many lose a length, of those with calls and of those with accesses of their own.
const MEASURED: usize = 16;

/// Seeds defects into each routine and into callers; each kind is one test.
pub fn run(
    name: &str,
    binary: &Binary,
    report: &Report,
    lines: &Lines,
    sources: &Sources,
    tally: &mut Tally,
) {
    let calls = &report.calls;
    let mut outcomes = Outcomes::default();
    let entries = binary.image.entries().unwrap_or_default();
    for function in binary.image.functions() {
        let Some(Ok(kind @ (Kind::Routine(_) | Kind::Helper))) = assembly::kind(&function.name) else {
            continue;
        };
        let routine = Routine { binary, function, kind, entries: &entries };
        routine.seed_given(&mut outcomes);
        if kind != Kind::Helper {
            routine.seed_table(&mut outcomes);
            routine.seed_window(&mut outcomes);
            routine.seed_edge(&mut outcomes);
            routine.seed_vectors(&mut outcomes);
        }
    }
    for start in calls.masking.iter().take(UNMASKED) {
        let Some(function) = binary.image.function_of(*start) else { continue };
        let broken = binary.changed(|image| {
            for mask in pattern::masks(binary, &binary.decode(function)) {
                erase(image, binary, mask);
            }
        });
        let found = mask::audit_function(&broken, function, lines, sources).violations;
        outcomes.add("no mask", function.name.clone(), has(&found, function, &[Proof::Mask]));
    }
    for function in calls.masking.iter().filter_map(|start| binary.image.function_of(*start)).take(MEASURED) {
        let masked = Masked { binary, function, lines, sources };
        masked.seed_calls(&mut outcomes, &calls.lengths);
        masked.seed_limits(&mut outcomes);
        masked.seed_variable(&mut outcomes);
    }
    for function in calls.covered.keys().filter_map(|start| binary.image.function_of(*start)).take(MEASURED) {
        let masked = Masked { binary, function, lines, sources };
        masked.seed_accesses(&mut outcomes);
        masked.seed_limits(&mut outcomes);
    }
    let entries = inline::judged(entries, lines, sources);
    for (function, entry) in inlined(binary, &entries) {
        // What is broken is not looked at more closely than what is whole.
        let (apart, _) = inline::audit_apart(binary, function, &entries, lines, sources);
        Access { binary, function, entries: &entries, lines, sources, apart }.seed(&mut outcomes, entry);
    }
    outcomes.report(name, tally);
}
