// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a scene in a process of its own.

use std::{
    any, env, hint,
    os::unix::process::ExitStatusExt,
    process::{self, Command},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use crate::handlers::{process_id, set_one, tgkill, thread_id};

/// Names the scene that this process is to play, and which of its cases.
const SCENE: &str = "AXPTR_TEST_SCENE";
const CASE: &str = "AXPTR_TEST_CASE";

/// How to start a program, where that takes more than its name.
const RUNNER: &str = "AXPTR_RUNNER";

/// A child that takes longer has hung: SIGALRM ends it.
const SECONDS: u32 = 100;

/// How a child ended.
#[derive(Debug)]
pub(crate) struct End {
    name: String,
    exit: Option<i32>,
    signal: Option<i32>,
    output: String,
    /// In a child, the cases before its own: nothing is known about them, and nothing is expected.
    skipped: bool,
}

/// Runs `scene` in a child and says how that ended. In the child, it is the end.
///
/// To be called by a test function itself: the name of the closure tells the child which test it is.
pub(crate) fn run<F: FnOnce()>(scene: F) -> End {
    run_case("", scene)
}

/// As [`run`], for a test that calls it once per case.
pub(crate) fn run_case<F: FnOnce()>(case: &str, scene: F) -> End {
    let test = test_of::<F>();
    let name = format!("{test} {case}");
    if env::var(SCENE).is_ok_and(|wanted| wanted == test) {
        if env::var(CASE).is_ok_and(|wanted| wanted == case) {
            prepare();
            scene();
            process::exit(0);
        }
        return End { name, exit: None, signal: None, output: String::new(), skipped: true };
    }
    // One test, and nothing else that a signal could reach.
    let output = this_program()
        .args([test, "--exact", "--nocapture", "--test-threads=1", "--include-ignored"])
        .envs([(SCENE, test), (CASE, case), ("RUST_BACKTRACE", "0")])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    End {
        name,
        exit: output.status.code(),
        signal: output.status.signal(),
        output: text.concat(),
        skipped: false,
    }
}

/// This program again. What runs under an emulator starts others under it.
fn this_program() -> Command {
    let program = env::current_exe().unwrap();
    let runner = env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(program) };
    let mut command = Command::new(emulator);
    command.args(words).arg(program);
    command
}

/// Whether an emulator stands in for the machine's Linux.
pub(crate) fn is_emulated() -> bool {
    env::var_os(RUNNER).is_some()
}

impl End {
    /// The scene was played to its end.
    #[track_caller]
    pub(crate) fn expect_success(&self) {
        if self.skipped {
            return;
        }
        assert_eq!((self.exit, self.signal), (Some(0), None), "{}: {}", self.name, self.output);
        assert!(!self.output.contains("0 passed"), "no such test: {}", self.name);
        // What a scene measured is worth reading.
        let measured = self.output.lines().filter_map(|line| line.split_once("scene: "));
        measured.for_each(|(_, text)| println!("{}: {text}", self.name));
    }

    /// The scene was ended by `signal`, after it had said `reached` and before it could say [`survived`].
    #[track_caller]
    pub(crate) fn expect_death(&self, signal: i32, reached: &str) {
        if self.skipped {
            return;
        }
        assert_eq!((self.exit, self.signal), (None, Some(signal)), "{}: {}", self.name, self.output);
        assert!(self.output.contains(reached), "{}: {}", self.name, self.output);
        assert!(!self.output.contains(SURVIVED), "{}: {}", self.name, self.output);
    }

    /// The child's output contains `text`.
    #[track_caller]
    pub(crate) fn expect_said(&self, text: &str) {
        assert!(
            self.skipped || self.output.contains(text),
            "{}: no \"{text}\" in: {}",
            self.name,
            self.output
        );
    }
}

const SURVIVED: &str = "a scene that should have ended has not";

/// Says, at the end of a scene, that nothing has ended it.
pub(crate) fn survived() {
    println!("{SURVIVED}");
}

/// Runs `part` of a scene on the process's main thread, which waits for the test's: in a signal handler there.
pub(crate) fn on_main_thread(part: fn()) {
    static PART: OnceLock<fn()> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    extern "C" fn handler(_: libc::c_int) {
        PART.get().unwrap()();
        DONE.store(true, SeqCst);
    }
    PART.set(part).unwrap();
    set_one(libc::SIGUSR2, handler, 0, &[]);
    let main = process_id();
    assert_ne!(main, thread_id(), "the harness runs tests on threads");
    tgkill(main, libc::SIGUSR2);
    while !DONE.load(SeqCst) {
        hint::spin_loop();
    }
}

/// The test that defines the closure `F`: its type is named `crate::module::test::{{closure}}`.
fn test_of<F>() -> &'static str {
    let name = any::type_name::<F>();
    let name = name.split_once("::").unwrap().1;
    name.split_once("::{{closure}}").expect("a closure of a test function").0
}

fn prepare() {
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: these processes die on purpose; nobody wants the cores.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const nothing) };
    // SAFETY: SIGALRM has its default action.
    unsafe { libc::alarm(SECONDS) };
}
