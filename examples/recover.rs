// SPDX-License-Identifier: MIT OR Apache-2.0
//! What becomes of good, partial and bad copies, with real pages of this process.
//!
//! `cargo run --example recover`

use std::{error::Error, fs::File, os::fd::AsRawFd, process::ExitCode, ptr, time::Instant};

use axptr::{Fault, UserConstPtr, UserPtr};

const PAGE: usize = 4096;
const FAULTS_IN_A_ROW: usize = 100_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    axptr::extable::selftest()?;
    // SAFETY: (1) what follows hands axptr its own mappings, to which no reference exists.
    unsafe { axptr::hosted::install() }?;

    let mut log = Log::default();
    good_copy(&mut log)?;
    copy_into_a_hole(&mut log)?;
    pointers_to_nowhere(&mut log);
    read_only_page(&mut log)?;
    truncated_file(&mut log)?;
    many_faults(&mut log)?;

    println!("recovered {} faults, {} bytes wrong", log.faults, log.wrong);
    Ok(if log.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Both pages exist: all bytes go out, and come back.
fn good_copy(log: &mut Log) -> Result<(), Box<dyn Error>> {
    let pages = Pages::anonymous(2)?;
    let user = pages.start + PAGE - 10;
    let sent = numbers();
    let outcome = axptr::copy_to_user(user, &sent);
    let mut received = [0; 64];
    log.compare(&received, &[0; 64]);
    axptr::copy_from_user(&mut received, user)?;
    log.say("a copy across two good pages", outcome);
    log.compare(&received, &sent);

    UserPtr::<u64>::from(user + 1).write(0x0123_4567_89ab_cdef)?;
    let value = UserConstPtr::<u64>::from(user + 1).read()?;
    log.compare(&value.to_ne_bytes(), &0x0123_4567_89ab_cdef_u64.to_ne_bytes());
    Ok(())
}

/// The second page is gone: the copy stops at its edge and says so.
fn copy_into_a_hole(log: &mut Log) -> Result<(), Box<dyn Error>> {
    let mut pages = Pages::anonymous(2)?;
    pages.unmap_from(1)?;
    let user = pages.start + PAGE - 54;
    let sent = numbers();
    let outcome = axptr::copy_to_user(user, &sent);
    log.say("a write of 64 bytes that ends at an unmapped page", outcome);
    log.expect(outcome, 54, user + 54);

    let mut received = [0xaa; 64];
    let outcome = axptr::copy_from_user(&mut received, user);
    log.say("the read of what was written", outcome);
    log.expect(outcome, 54, user + 54);
    log.compare(&received[..54], &sent[..54]);
    log.compare(&received[54..], &[0xaa; 10]);
    Ok(())
}

/// Null has no page; the kernel half and the hole in front of it are refused before any access.
fn pointers_to_nowhere(log: &mut Log) {
    for (name, addr) in [
        ("a null pointer", 0),
        ("a pointer into the kernel half", 0xffff_8000_0000_1000),
        ("a non-canonical pointer", 0x0000_8000_0000_0000),
        ("a pointer at the top of the address space", usize::MAX),
    ] {
        let mut received = [0xaa; 64];
        let outcome = axptr::copy_from_user(&mut received, addr);
        log.say(name, outcome);
        log.expect(outcome, 0, addr);
        log.compare(&received, &[0xaa; 64]);
    }
}

/// What may be read may not be written.
fn read_only_page(log: &mut Log) -> Result<(), Box<dyn Error>> {
    let pages = Pages::anonymous(1)?;
    let sent = numbers();
    axptr::copy_to_user(pages.start, &sent)?;
    pages.protect(libc::PROT_READ)?;
    let outcome = axptr::fill_user(pages.start, 0xff, 64);
    log.say("a write to a read-only page", outcome);
    log.expect(outcome, 0, pages.start);
    let mut received = [0; 64];
    axptr::copy_from_user(&mut received, pages.start)?;
    log.compare(&received, &sent);
    Ok(())
}

/// The file has shrunk behind the mapping's back: SIGBUS, for most programs the end.
fn truncated_file(log: &mut Log) -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("axptr-recover-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    file.set_len(2 * PAGE as u64)?;
    let pages = Pages::of_file(&file, 2)?;
    let user = pages.start + PAGE - 20;
    let sent = numbers();
    axptr::copy_to_user(user, &sent)?;
    file.set_len(PAGE as u64)?;
    let mut received = [0xaa; 64];
    let outcome = axptr::copy_from_user(&mut received, user);
    log.say("a read behind the end of a truncated file", outcome);
    log.expect(outcome, 20, user + 20);
    log.compare(&received[..20], &sent[..20]);
    log.compare(&received[20..], &[0xaa; 44]);
    Ok(())
}

/// Nothing is used up by a fault.
fn many_faults(log: &mut Log) -> Result<(), Box<dyn Error>> {
    let mut pages = Pages::anonymous(2)?;
    pages.unmap_from(1)?;
    let sent = numbers();
    let start = Instant::now();
    for round in 0..FAULTS_IN_A_ROW {
        let good = round % 64;
        let user = pages.start + PAGE - good;
        let outcome = axptr::copy_to_user(user, &sent);
        log.expect(outcome, good, user + good);
    }
    let each = start.elapsed() / u32::try_from(FAULTS_IN_A_ROW)?;
    println!("{FAULTS_IN_A_ROW} faults in a row: {each:?} each");
    Ok(())
}

fn numbers() -> [u8; 64] {
    std::array::from_fn(|i| i as u8 + 1)
}

/// What has been seen so far.
#[derive(Default)]
struct Log {
    faults: usize,
    wrong: usize,
}

impl Log {
    fn say(&mut self, name: &str, outcome: Result<(), Fault>) {
        match outcome {
            Ok(()) => println!("{name}: ok"),
            Err(fault) => println!(
                "{name}: {} bytes done, {:?} fault at {:#x} ({:?})",
                fault.done, fault.access, fault.addr, fault.kind
            ),
        }
    }

    /// Counts a fault, and a byte as wrong for each that it is off.
    fn expect(&mut self, outcome: Result<(), Fault>, copied: usize, addr: usize) {
        match outcome {
            Ok(()) => self.wrong += 1,
            Err(fault) => {
                self.faults += 1;
                self.wrong += fault.done.abs_diff(copied) + fault.addr.abs_diff(addr);
            }
        }
    }

    fn compare(&mut self, found: &[u8], expected: &[u8]) {
        assert_eq!(found.len(), expected.len());
        self.wrong += found.iter().zip(expected).filter(|(found, expected)| found != expected).count();
    }
}

/// Pages that nothing in this process refers to but axptr.
struct Pages {
    start: usize,
    len: usize,
}

impl Pages {
    fn anonymous(count: usize) -> std::io::Result<Self> {
        Self::map(count, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
    }

    fn of_file(file: &File, count: usize) -> std::io::Result<Self> {
        Self::map(count, libc::MAP_SHARED, file.as_raw_fd())
    }

    fn map(count: usize, flags: i32, file: i32) -> std::io::Result<Self> {
        let len = count * PAGE;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, access, flags, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Self { start: start.addr(), len })
    }

    /// Unmaps the pages from number `first` on.
    fn unmap_from(&mut self, first: usize) -> std::io::Result<()> {
        let hole = ptr::without_provenance_mut(self.start + first * PAGE);
        // SAFETY: pages of our own, to which no reference exists.
        let status = unsafe { libc::munmap(hole, self.len - first * PAGE) };
        self.len = first * PAGE;
        if status == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }

    fn protect(&self, access: i32) -> std::io::Result<()> {
        // SAFETY: pages of our own, to which no reference exists.
        let status = unsafe { libc::mprotect(ptr::without_provenance_mut(self.start), self.len, access) };
        if status == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: pages of our own, to which no reference exists; nothing is done with them after.
        unsafe { libc::munmap(ptr::without_provenance_mut(self.start), self.len) };
    }
}
