// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits of `benches/counts.csv`.

use anyhow::{Context, Result, bail, ensure};

use super::operation::{Figure, Operation};

/// One line of the file: see its head.
#[derive(Clone, Debug)]
pub struct Limit {
    machine: String,
    cpu: String,
    operation: Operation,
    instructions: u64,
    accesses: u64,
}

impl Limit {
    /// Whether it is about this processor.
    pub fn is_for(&self, machine: &str, cpu: &str) -> bool {
        self.machine == machine && self.cpu == cpu
    }

    /// `fill_user aligned 64: <= 40 instructions, <= 8 user accesses`.
    pub fn name(&self) -> String {
        let Self { operation, instructions, accesses, .. } = self;
        format!("{operation}: <= {instructions} instructions, <= {accesses} user accesses")
    }

    /// Whether it is kept. What has not been counted has not kept it.
    pub fn check(&self, figures: &[Figure]) -> Result<(), String> {
        let figure = figures.iter().find(|figure| figure.operation == self.operation);
        let counts = figure.ok_or("not counted")?.counts;
        if counts.instructions <= self.instructions && counts.accesses <= self.accesses {
            Ok(())
        } else {
            Err(format!("{} instructions, {} user accesses", counts.instructions, counts.accesses))
        }
    }
}

/// Reads the file.
pub fn parse(text: &str) -> Result<Vec<Limit>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let limits: Result<Vec<_>> = lines
        .map(|(index, line)| {
            limit(line).with_context(|| format!("benches/counts.csv, line {}: {line:?}", index + 1))
        })
        .collect();
    let limits = limits?;
    ensure!(!limits.is_empty(), "benches/counts.csv has no limits");
    Ok(limits)
}

fn limit(line: &str) -> Result<Limit> {
    let [machine, cpu, name, layout, size, instructions, accesses] = line.split(',').collect::<Vec<_>>()[..]
    else {
        bail!("want machine,cpu,operation,layout,size,instructions,accesses");
    };
    let operation = Operation::parse(&format!("{name},{layout},{size}"))?;
    let instructions = instructions.parse().context("instructions")?;
    let accesses = accesses.parse().context("accesses")?;
    Ok(Limit { machine: machine.to_owned(), cpu: cpu.to_owned(), operation, instructions, accesses })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::{
        count::{
            operation::{Figure, Operation},
            trace::Counts,
        },
        machine,
        root::root,
    };

    fn figure(instructions: u64, accesses: u64) -> [Figure; 1] {
        let counts = Counts { instructions, accesses, opened: 1, closed: 1 };
        [Figure { operation: Operation::parse("fill_user,aligned,64").unwrap(), counts }]
    }

    #[test]
    fn a_limit_is_kept_up_to_its_own_figures() {
        let limit = &parse("# head\nriscv64,rv64,fill_user,aligned,64,40,8").unwrap()[0];
        assert!(limit.is_for("riscv64", "rv64") && !limit.is_for("riscv64", "max"));
        assert_eq!(limit.check(&figure(40, 8)), Ok(()));
        assert!(limit.check(&figure(41, 8)).is_err() && limit.check(&figure(40, 9)).is_err());
        assert!(limit.check(&[]).is_err(), "what is not counted passed");
    }

    #[test]
    fn a_malformed_line_is_an_error_that_names_it() {
        for bad in ["riscv64,rv64,fill_user,aligned,64,40", "r,c,o,l,x,1,1", "r,c,o,l,8,-1,1", "r,c,o,l,8,1,"]
        {
            let error = parse(&format!("# head\n{bad}")).unwrap_err();
            assert!(format!("{error:#}").starts_with("benches/counts.csv, line 2"), "{bad}: {error:#}");
        }
        assert!(parse("# head\n").is_err());
    }

    #[test]
    fn the_file_has_limits_for_each_processor_and_no_other() {
        let text = std::fs::read_to_string(root().join("benches/counts.csv")).unwrap();
        let limits = parse(&text).unwrap();
        let mut used = 0;
        for machine in machine::chosen(&[]).unwrap() {
            for cpu in machine.cpus {
                let own = limits.iter().filter(|limit| limit.is_for(machine.name, cpu.name)).count();
                assert!(own > 0, "{} {} has no limit", machine.name, cpu.name);
                used += own;
            }
        }
        assert_eq!(used, limits.len(), "limits for processors that are not there");
    }
}
