// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that the hosted tests run as well, and their sweep.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use axptr::internal::{choose_by_cpu, cpu_paths};
use axptr_cases::{Bounds, CASES, sweep};

use crate::{ensure, fault, report::Case, say, site::KernelSite};

/// Each case on each set of paths that this CPU can take. They are for landings that are told everything; the sweep is for
/// others, too.
pub fn shared_with_the_hosted_tests() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for path in cpu_paths().filter(|_| !fault::in_ax_cpu()) {
        for case in CASES {
            let run = move || {
                path.force();
                let result = (case.run)(&mut KernelSite::new());
                choose_by_cpu();
                result
            };
            cases.push((format!("table: {}, {}", case.name, path.name()), Box::new(run)));
        }
    }
    cases.push(("table: every operation at every position".into(), Box::new(swept)));
    cases
}

fn swept() -> Result<(), String> {
    let report = sweep(&mut KernelSite::new(), &Bounds::TINY);
    choose_by_cpu();
    say!("note: swept {} cases", report.cases);
    ensure!(report.wrong == 0 && report.cases > 0, "{report}");
    Ok(())
}
