// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of cases in a Linux process, on the paths of each kind of CPU.

#[path = "support/kernel_side.rs"]
mod kernel_side;
#[path = "support/lying.rs"]
mod lying;
mod support;

use axptr::internal::cpu_paths;
use axptr_cases::{CASES, Handler};
use support::{front::Front, site::HostedSite};

#[test]
fn every_case_holds_in_a_linux_process() {
    let front = Front::new(Handler::Full);
    let mut failed = Vec::new();
    for path in cpu_paths() {
        for case in CASES {
            path.force();
            match (case.run)(&mut HostedSite::new(Handler::Full)) {
                Ok(()) => println!("case {} ... ok", case.name),
                Err(reason) => failed.push(format!("{}, {}: {reason}", case.name, path.name())),
            }
        }
    }
    let hits = front.hits();
    println!("{} of {} entries hit", hits.iter().filter(|(_, hits)| *hits > 0).count(), hits.len());
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
