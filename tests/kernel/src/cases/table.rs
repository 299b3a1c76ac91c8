// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that the hosted tests run as well, and their sweep.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use axptr_cases::{Bounds, CASES, sweep};

use crate::{arch::Features, ensure, report::Case, say, site::KernelSite};

/// Each case on the paths of CPUs with ERMS and of those without, whichever this is.
pub fn shared_with_the_hosted_tests(features: Features) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (erms, path) in [(true, "with ERMS"), (false, "without ERMS")] {
        for case in CASES {
            let run = move || {
                axptr::internal::force_erms(erms);
                let result = (case.run)(&mut KernelSite::new());
                axptr::internal::force_erms(features.erms);
                result
            };
            cases.push((format!("table: {}, {path}", case.name), Box::new(run)));
        }
    }
    cases.push(("table: every operation at every position".into(), Box::new(move || swept(features))));
    cases
}

fn swept(features: Features) -> Result<(), String> {
    let report = sweep(&mut KernelSite::new(), &Bounds::TINY);
    axptr::internal::force_erms(features.erms);
    say!("note: swept {} cases", report.cases);
    ensure!(report.wrong == 0 && report.cases > 0, "{report}");
    Ok(())
}
