// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a boot has said, and what that comes to.

/// The kernel's last line begins so, and its panic and its forecast of one.
const SUM: &str = "axptr-kernel: ";
const PANIC: &str = "axptr-kernel: PANIC: ";
const EXPECT: &str = "axptr-kernel: EXPECT: ";

/// The lines that name what the CPU has, and how many there are.
const CPU: &str = "cpu:";
const CPUS: &str = "cpus:";

/// The line by which an example says which it is.
const KERNEL: &str = "kernel:";

/// The lines of one boot.
#[derive(Debug, Default)]
pub struct Console(pub Vec<String>);

impl Console {
    /// How many cases said `ok`, and how many said anything else.
    pub fn count(&self) -> (usize, usize) {
        let cases = self.0.iter().filter(|line| line.starts_with("case "));
        let (passed, failed): (Vec<_>, Vec<_>) = cases.partition(|line| line.ends_with(" ... ok"));
        (passed.len(), failed.len())
    }

    /// Whether the boot came to its end on the CPUs that it should have, and counted what we did.
    pub fn cases_ran(&self, features: &[&str], cpus: usize) -> Result<(), String> {
        self.is_of(features, cpus)?;
        self.counts_as_we_do()
    }

    /// Whether the boot came to its end, and counted what we did.
    pub fn counts_as_we_do(&self) -> Result<(), String> {
        let (passed, failed) = self.count();
        let sum = format!("{SUM}{passed} passed, {failed} failed");
        if passed + failed == 0 {
            return Err("no case ran".to_owned());
        }
        match self.0.iter().rfind(|line| line.starts_with(SUM)) {
            Some(last) if *last == sum => Ok(()),
            Some(last) => Err(format!("{last:?} instead of {sum:?}")),
            None => Err("the kernel did not reach its end".to_owned()),
        }
    }

    /// Whether these cases are among those that passed, each once.
    pub fn cases_passed(&self, cases: &[&str]) -> Result<(), String> {
        for case in cases {
            let begins = format!("case {case} ... ");
            let told: Vec<_> = self.0.iter().filter_map(|line| line.strip_prefix(&begins)).collect();
            if told != ["ok"] {
                return Err(format!("case {case}: {told:?} instead of one \"ok\""));
            }
        }
        Ok(())
    }

    /// Whether it is the kernel of this name that has booted.
    pub fn is_of_kernel(&self, name: &str) -> Result<(), String> {
        match self.said(KERNEL) {
            Some(said) if said.trim() == name => Ok(()),
            said => Err(format!("the kernel calls itself {said:?}, not {name:?}")),
        }
    }

    /// Whether it uses a feature of the CPU, or does without it, as it should.
    pub fn uses(&self, feature: &str, should: bool) -> Result<(), String> {
        let said = self.said(CPU).ok_or("it names no CPU")?;
        match said.split_whitespace().any(|word| word == feature) {
            uses if uses == should => Ok(()),
            _ => Err(format!("it uses{said}; {feature} is there: {should}")),
        }
    }

    /// Whether the CPUs are those that they should be.
    pub fn is_of(&self, features: &[&str], cpus: usize) -> Result<(), String> {
        let found = self.said(CPU).ok_or("it names no CPU")?;
        if !found.split_whitespace().eq(features.iter().copied()) {
            return Err(format!("the CPU has{found}, not {features:?}"));
        }
        let online = self.said(CPUS).ok_or("it counts no CPUs")?;
        if online.trim().parse() != Ok(cpus) {
            return Err(format!("{online} CPUs, not {cpus}"));
        }
        Ok(())
    }

    /// Whether it panicked where the kernel said it would, and did not go on.
    pub fn panicked_as_announced(&self, fault_panics: &[&str]) -> Result<(), String> {
        let told: Vec<_> = self.0.iter().filter(|line| line.starts_with(SUM)).collect();
        let [announced, panic] = told[..] else {
            return Err(format!("{} lines instead of a forecast and a panic", told.len()));
        };
        let announced = announced.strip_prefix(EXPECT).ok_or("no forecast")?;
        let panic = panic.strip_prefix(PANIC).ok_or("no panic")?;
        if !fault_panics.iter().any(|begins| announced.starts_with(begins)) {
            return Err(format!("{announced:?} is not a forecast of any of {fault_panics:?}"));
        }
        if !panic.starts_with(announced) {
            return Err(format!("{panic:?} instead of {announced:?}"));
        }
        match self.count() {
            (0, 0) => Ok(()),
            _ => Err("cases ran".to_owned()),
        }
    }

    /// The rest of the first line that begins so.
    fn said(&self, begins: &str) -> Option<&str> {
        self.0.iter().find_map(|line| line.strip_prefix(begins))
    }

    /// All of it, for the log.
    pub fn show(&self) {
        let lines = self.0.iter().map(|line| format!("| {}\n", line.replace(char::is_control, "")));
        // At once: another boot may be printing.
        println!("--- console\n{}---", lines.collect::<String>());
    }
}

#[cfg(test)]
mod tests {
    use super::Console;

    fn console(text: &str) -> Console {
        Console(text.lines().map(str::to_owned).collect())
    }

    #[test]
    fn a_run_counts_only_if_its_own_sum_agrees() {
        let whole =
            "cpu: a b\ncpus: 4\ncase a ... ok\ncase b ... FAILED: x\naxptr-kernel: 1 passed, 1 failed";
        assert_eq!(console(whole).cases_ran(&["a", "b"], 4), Ok(()));
        for others in [&["a"][..], &["b", "a"], &["a", "b", "c"], &[]] {
            assert!(console(whole).cases_ran(others, 4).is_err(), "{others:?} passed");
        }
        for others in [0, 1, 3, 5] {
            assert!(console(whole).cases_ran(&["a", "b"], others).is_err(), "{others} CPUs passed");
        }
        assert_eq!(console(whole).count(), (1, 1));
        for broken in [
            "axptr-kernel: 0 passed, 0 failed",
            "case a ... ok",
            "case a ... ok\naxptr-kernel: 2 passed, 0 failed",
            "case a ... ok\naxptr-kernel: PANIC: late",
            "case a ... ok\naxptr-kernel: 1 passed, 0 failed\naxptr-kernel: PANIC: later",
        ] {
            let named = format!("cpu:\ncpus: 1\n{broken}");
            assert!(console(&named).cases_ran(&[], 1).is_err(), "{broken:?} passed");
        }
    }

    #[test]
    fn a_panic_counts_only_where_it_was_announced() {
        let right = "axptr-kernel: EXPECT: #PF @ 0x1, at 0x2\n\
                     axptr-kernel: PANIC: #PF @ 0x1, at 0x2, error_code=2:\nTrapFrame {";
        assert_eq!(console(right).panicked_as_announced(&["#PF @ ", "#DF @ "]), Ok(()));
        for wrong in [
            "axptr-kernel: EXPECT: #PF @ 0x1",
            "axptr-kernel: PANIC: #PF @ 0x1",
            "axptr-kernel: EXPECT: #PF @ 0x1\naxptr-kernel: PANIC: #PF @ 0x3",
            "axptr-kernel: EXPECT: #GP @ 0x1\naxptr-kernel: PANIC: #GP @ 0x1",
            "axptr-kernel: EXPECT: #PF @ 0x1\naxptr-kernel: PANIC: #PF @ 0x1\n\
             axptr-kernel: 0 passed, 0 failed",
        ] {
            let outcome = console(wrong).panicked_as_announced(&["#PF @ ", "#DF @ "]);
            assert!(outcome.is_err(), "{wrong:?} passed");
        }
    }
    #[test]
    fn a_case_passes_only_if_it_says_so_once() {
        let good = console("kernel: a-b\ncase a ... ok\ncase a_b ... ok");
        assert_eq!(good.cases_passed(&["a", "a_b"]), Ok(()));
        assert!(good.cases_passed(&["a", "b"]).is_err());
        for broken in
            ["case a ... FAILED", "case a ... ok\ncase a ... ok", "case a ... ok\ncase a ... FAILED"]
        {
            assert!(console(broken).cases_passed(&["a"]).is_err(), "{broken}");
        }
        assert_eq!((good.is_of_kernel("a-b"), console("cpu: a b").uses("b", true)), (Ok(()), Ok(())));
        assert!(console("cpu: a b").uses("b", false).is_err() && console("cpu:").uses("b", true).is_err());
        assert!(good.is_of_kernel("a").is_err());
        assert!(console("case a ... ok").is_of_kernel("a").is_err());
    }
}
