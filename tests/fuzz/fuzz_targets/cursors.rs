// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readers and writers that are moved, split and used in any order.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{Access, AnyBitPattern, CursorError, Fault, NoUninit, UserReader, UserWriter};
use axptr_fuzz::{May, PAGES, Place, World};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pages: [May; PAGES],
    bytes: &'a [u8],
    rest: u8,
    read: (Place, u16),
    write: (Place, u16),
    steps: Vec<Step>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Read(u16),
    ReadExact(u16),
    ReadWord,
    ReadLarge,
    Write(u16, u8),
    WriteAll(u16, u8),
    WriteWord(u64),
    WriteLarge(u8),
    Fill(u16, u8),
    Copy,
    SkipReader(u64),
    SkipWriter(u64),
    TruncateReader(u16),
    SplitWriter(u16),
}

/// What a cursor is at.
#[derive(Clone, Copy, Debug)]
struct At {
    addr: usize,
    left: usize,
}

impl At {
    fn moved(&mut self, count: usize) {
        self.addr += count;
        self.left -= count;
    }
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, input.bytes, input.rest);
    let range = |(place, len): (Place, u16)| axptr_fuzz::range(world.at(place), usize::from(len) % 9000);
    let (Some(from), Some(to)) = (range(input.read), range(input.write)) else { return };
    let (mut reader, mut writer) = (UserReader::new(from), UserWriter::new(to));
    let mut source = At { addr: from.start(), left: from.len() };
    let mut target = At { addr: to.start(), left: to.len() };
    for step in input.steps.into_iter().take(64) {
        do_step(step, &mut world, (&mut reader, &mut source), (&mut writer, &mut target));
        assert_eq!((reader.addr(), reader.remaining()), (source.addr, source.left), "{step:?}");
        assert_eq!((writer.addr(), writer.remaining()), (target.addr, target.left), "{step:?}");
    }
});

fn do_step(
    step: Step,
    world: &mut World,
    (reader, source): (&mut UserReader, &mut At),
    (writer, target): (&mut UserWriter, &mut At),
) {
    match step {
        Step::Read(len) => {
            let len = usize::from(len) % 9000;
            let mut buf = vec![0xee; len];
            let answer = reader.read(&mut buf);
            read(world, answer, source, len.min(source.left), &buf);
        }
        Step::ReadExact(len) => {
            let len = usize::from(len) % 9000;
            let mut buf = vec![0xee; len];
            if let Some(answer) = or_end(reader.read_exact(&mut buf), len, source.left) {
                read(world, answer.map(|()| len), source, len, &buf);
            }
        }
        Step::ReadWord => read_value::<u64>(world, reader, source),
        Step::ReadLarge => read_value::<[u32; 9]>(world, reader, source),
        Step::Write(len, byte) => {
            let bytes = vec![byte; usize::from(len) % 9000];
            let before = world.memory().to_vec();
            let answer = writer.write(&bytes);
            let now = bytes.len().min(target.left);
            written(world, answer, target, &bytes[..now], before);
        }
        Step::WriteAll(len, byte) => {
            let bytes = vec![byte; usize::from(len) % 9000];
            let before = world.memory().to_vec();
            if let Some(answer) = or_end(writer.write_all(&bytes), bytes.len(), target.left) {
                written(world, answer.map(|()| bytes.len()), target, &bytes, before);
            }
        }
        Step::WriteWord(word) => write_value(world, writer, target, word),
        Step::WriteLarge(byte) => write_value(world, writer, target, [byte; 40]),
        Step::Fill(count, byte) => {
            let before = world.memory().to_vec();
            let answer = writer.fill(byte, count.into());
            let bytes = vec![byte; usize::from(count).min(target.left)];
            written(world, answer, target, &bytes, before);
        }
        Step::Copy => copy(world, reader, source, writer, target),
        Step::SkipReader(count) => {
            let skipped = (count as usize).min(source.left);
            assert_eq!(reader.skip(count as usize), skipped);
            source.moved(skipped);
        }
        Step::SkipWriter(count) => {
            let skipped = (count as usize).min(target.left);
            assert_eq!(writer.skip(count as usize), skipped);
            target.moved(skipped);
        }
        Step::TruncateReader(count) => {
            reader.truncate(count.into());
            source.left = source.left.min(count.into());
        }
        Step::SplitWriter(count) => {
            let head = writer.split_to(count.into());
            let len = usize::from(count).min(target.left);
            assert_eq!((head.addr(), head.remaining()), (target.addr, len));
            target.moved(len);
        }
    }
}

/// The answer, if it is not that the range ends: that it says exactly where it is so.
fn or_end<T: std::fmt::Debug>(
    answer: Result<T, CursorError>,
    len: usize,
    left: usize,
) -> Option<Result<T, Fault>> {
    match answer {
        Err(CursorError::End) => {
            assert!(len > left);
            None
        }
        _ if len > left => panic!("{answer:?}, and {left} of {len} bytes are left"),
        Err(CursorError::Fault(fault)) => Some(Err(fault)),
        Ok(value) => Some(Ok(value)),
    }
}

fn read(world: &mut World, answer: Result<usize, Fault>, at: &mut At, len: usize, buf: &[u8]) {
    let reach = world.reach(at.addr, len, Access::Read);
    for (done, byte) in buf.iter().enumerate() {
        let expected = if done < reach { world.byte(at.addr + done).unwrap() } else { 0xee };
        assert_eq!(*byte, expected, "byte {done}");
    }
    if let Some(done) = world.judge(answer, at.addr, len, Access::Read) {
        assert_eq!(done, len);
        at.moved(len);
    }
}

fn read_value<T: AnyBitPattern + NoUninit + std::fmt::Debug>(
    world: &mut World,
    reader: &mut UserReader,
    at: &mut At,
) {
    let Some(answer) = or_end(reader.read_value::<T>(), size_of::<T>(), at.left) else { return };
    if let Some(value) = world.judge(answer, at.addr, size_of::<T>(), Access::Read) {
        let bytes: Vec<u8> = (0..size_of::<T>()).map(|done| world.byte(at.addr + done).unwrap()).collect();
        assert_eq!(bytemuck::bytes_of(&value), bytes);
        at.moved(size_of::<T>());
    }
}

fn written(world: &mut World, answer: Result<usize, Fault>, at: &mut At, bytes: &[u8], before: Vec<u8>) {
    let mut expected = before;
    let reach = world.reach(at.addr, bytes.len(), Access::Write);
    for (done, byte) in bytes[..reach].iter().enumerate() {
        expected[world.offset(at.addr + done).unwrap()] = *byte;
    }
    assert_eq!(world.memory(), expected);
    if let Some(done) = world.judge(answer, at.addr, bytes.len(), Access::Write) {
        assert_eq!(done, bytes.len());
        at.moved(done);
    }
}

fn write_value<T: NoUninit>(world: &mut World, writer: &mut UserWriter, at: &mut At, value: T) {
    let before = world.memory().to_vec();
    if let Some(answer) = or_end(writer.write_value(value), size_of::<T>(), at.left) {
        let answer = answer.map(|()| size_of::<T>());
        written(world, answer, at, bytemuck::bytes_of(&value), before);
    }
}

/// From the reader to the writer. Ranges that overlap are done in ascending order; what bytes that gives is not said.
fn copy(
    world: &mut World,
    reader: &mut UserReader,
    source: &mut At,
    writer: &mut UserWriter,
    target: &mut At,
) {
    let len = source.left.min(target.left);
    let overlap = source.addr < target.addr + len && target.addr < source.addr + len;
    let before = world.memory().to_vec();
    let answer = reader.read_to(writer);
    let (readable, writable) =
        (world.reach(source.addr, len, Access::Read), world.reach(target.addr, len, Access::Write));
    let reach = readable.min(writable);
    let mut expected = before.clone();
    let after = world.memory().to_vec();
    for done in 0..reach {
        let (from, to) =
            (world.offset(source.addr + done).unwrap(), world.offset(target.addr + done).unwrap());
        expected[to] = if overlap { after[to] } else { before[from] };
    }
    assert_eq!(after, expected);
    match answer {
        Ok(done) => {
            assert_eq!((done, reach), (len, len));
            source.moved(len);
            target.moved(len);
        }
        Err(fault) => {
            assert!(reach < len);
            assert_eq!(fault.done, reach);
            let reading = (source.addr + reach, Access::Read);
            let writing = (target.addr + reach, Access::Write);
            let met = (fault.addr, fault.access);
            assert!(met == reading && readable == reach || met == writing && writable == reach, "{fault:?}");
        }
    }
}
