// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory that a routine is executed on: a source, a destination, a stack, and the CPU feature byte.
//!
//! An access is done whole, or refused: before it has changed anything. A store that no manual promises to be whole, because it is
//! not aligned, leaves behind what lies in front of the edge (`partial`).

use std::ops::Range;

pub const PAGE: u64 = 4096;
/// The pages in front of the edge, and behind it.
const FRONT: u64 = 72 * PAGE;
const BACK: u64 = 4 * PAGE;
/// Where the two sides lie: far apart, and aligned alike.
const BASES: [u64; 2] = [0x10_0000_0000, 0x20_0000_0000];
const STACK: u64 = 0x30_0000_0000;
const STACK_SIZE: u64 = 256;

pub const SOURCE: usize = 0;
pub const DESTINATION: usize = 1;

/// What the destination holds beforehand. No byte that is copied has this value.
pub const UNTOUCHED: u8 = 0xee;
/// The end of what bytes of the source can be.
const VALUES: u64 = 237;

/// Why an access is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The memory is not there, for a store or a load. `end` is how far that reaches.
    Fault { store: bool, end: u64 },
    /// A routine must not access that.
    Wrong(&'static str),
}

/// One of the two ranges.
#[derive(Clone, Debug)]
pub struct Side {
    pub base: u64,
    bytes: Vec<u8>,
    /// What may be accessed without an error of the routine's.
    pub allowed: Range<u64>,
    pub is_user: bool,
    /// What is there.
    pub there: Range<u64>,
    /// The end of what has been stored.
    pub stored: u64,
}

impl Side {
    fn new(base: u64, fill: impl Fn(u64) -> u8) -> Self {
        let bytes = (0..FRONT + BACK).map(fill).collect();
        Self { base, bytes, allowed: 0..0, is_user: false, there: 0..u64::MAX, stored: 0 }
    }

    /// Where the edge of pages is.
    pub fn edge(&self) -> u64 {
        self.base + FRONT
    }

    /// Where a range begins that has nothing to do with an edge.
    pub fn apart(&self) -> u64 {
        self.base + 2 * PAGE
    }

    pub fn bytes(&self, range: Range<u64>) -> &[u8] {
        &self.bytes[(range.start - self.base) as usize..(range.end - self.base) as usize]
    }

    pub fn bytes_mut(&mut self, range: Range<u64>) -> &mut [u8] {
        &mut self.bytes[(range.start - self.base) as usize..(range.end - self.base) as usize]
    }

    /// Gives a byte of the source its value back.
    pub fn restore(&mut self, addr: u64) {
        let at = addr - self.base;
        self.bytes[at as usize] = pattern(at);
    }

    /// The end of what it holds: a range may be longer.
    pub fn end(&self) -> u64 {
        self.base + FRONT + BACK
    }

    fn contains(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.base) < FRONT + BACK
    }

    fn is_there(&self, addr: u64, size: u64) -> bool {
        !self.is_user || (addr >= self.there.start && addr + size <= self.there.end)
    }
}

/// What a byte of the source is: never 0, and not the same at places that a defect would mix up. Every other line of 64
/// bytes has none above 127, for the routines that take such words for harmless.
fn pattern(at: u64) -> u8 {
    let most = if at >> 6 & 1 == 1 { 127 } else { VALUES };
    (at.wrapping_mul(37).wrapping_add(at >> 8) % most + 1) as u8
}

/// When memory goes away in mid-call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Going {
    /// In front of this access of user memory.
    pub at: u32,
    /// It is there again for the next one.
    pub comes_back: bool,
}

#[derive(Clone, Debug)]
pub struct Memory {
    pub sides: [Side; 2],
    stack: [u8; STACK_SIZE as usize],
    /// Where the CPU feature byte lies, and what it holds.
    pub cpu: (u64, u8),
    /// It was read before anybody had filled it.
    pub asks: bool,
    pub going: Option<Going>,
    /// How many accesses of user memory there were.
    pub accesses: u32,
    /// A store that is not aligned may leave a part of itself behind.
    pub partial: bool,
}

impl Memory {
    pub fn new(cpu: u64, partial: bool) -> Self {
        let source = Side::new(BASES[SOURCE], pattern);
        let destination = Side::new(BASES[DESTINATION], |_| UNTOUCHED);
        Self {
            sides: [source, destination],
            stack: [0; STACK_SIZE as usize],
            cpu: (cpu, 0),
            asks: false,
            going: None,
            accesses: 0,
            partial,
        }
    }

    pub const fn stack_top() -> u64 {
        STACK + STACK_SIZE - 64
    }

    /// The side that an address lies in.
    fn side(&self, addr: u64) -> Option<usize> {
        self.sides.iter().position(|side| side.contains(addr))
    }

    /// The side whose range has the address behind what the side holds. All of that is there, unless memory has gone: so an access
    /// that comes there by mistake is not stopped by a fault.
    fn far(&self, addr: u64, len: u64) -> Option<usize> {
        self.sides.iter().position(|side| {
            let range = side.end()..side.allowed.end;
            range.contains(&addr) && len <= range.end - addr && !side.there.is_empty()
        })
    }

    /// Whether user memory may be accessed; counts it.
    fn pass(&mut self, side: usize, addr: u64, size: u64, store: bool) -> Result<(), Refused> {
        if !self.sides[side].is_user {
            return Ok(());
        }
        let at = self.accesses;
        self.accesses += 1;
        if let Some(going) = self.going
            && going.at == at
        {
            if !going.comes_back {
                self.sides[side].there = 0..0;
            }
            return Err(Refused::Fault { store, end: addr + size });
        }
        if self.sides[side].is_there(addr, size) {
            Ok(())
        } else {
            Err(Refused::Fault { store, end: addr + size })
        }
    }

    /// Reads up to 32 bytes.
    pub fn load(&mut self, addr: u64, size: usize, to: &mut [u8; 32]) -> Result<(), Refused> {
        let len = size as u64;
        let Some(side) = self.side(addr) else {
            if addr == self.cpu.0 && size == 1 {
                to[0] = self.cpu.1;
                self.asks |= self.cpu.1 == 0;
                return Ok(());
            }
            let at = addr.wrapping_sub(STACK);
            if at <= STACK_SIZE - len {
                to[..size].copy_from_slice(&self.stack[at as usize..][..size]);
                return Ok(());
            }
            if self.far(addr, len) == Some(SOURCE) {
                to[..size].fill(pattern(addr));
                return Ok(());
            }
            return Err(Refused::Wrong("loads from nowhere"));
        };
        if side == DESTINATION {
            return Err(Refused::Wrong("loads from the destination"));
        }
        let allowed = &self.sides[side].allowed;
        if addr < allowed.start || addr + len > allowed.end {
            return Err(Refused::Wrong("loads from outside of its source"));
        }
        self.pass(side, addr, len, false)?;
        let source = &self.sides[side];
        let at = (addr - source.base) as usize;
        to[..size].copy_from_slice(&source.bytes[at..at + size]);
        Ok(())
    }

    pub fn store(&mut self, addr: u64, from: &[u8]) -> Result<(), Refused> {
        let len = from.len() as u64;
        let Some(side) = self.side(addr) else {
            if addr == self.cpu.0 && len == 1 {
                self.cpu.1 = from[0];
                return Ok(());
            }
            let at = addr.wrapping_sub(STACK);
            if at <= STACK_SIZE - len {
                self.stack[at as usize..][..from.len()].copy_from_slice(from);
                return Ok(());
            }
            if self.far(addr, len) == Some(DESTINATION) {
                self.sides[DESTINATION].stored = addr + len;
                return Ok(());
            }
            return Err(Refused::Wrong("stores to nowhere"));
        };
        if side == SOURCE {
            return Err(Refused::Wrong("stores to the source"));
        }
        let allowed = &self.sides[side].allowed;
        if addr < allowed.start || addr + len > allowed.end {
            return Err(Refused::Wrong("stores outside of its destination"));
        }
        if let Err(refused) = self.pass(side, addr, len, true) {
            // An aligned store is done whole, or not at all.
            if self.partial && !addr.is_multiple_of(len) {
                self.leave_part(side, addr, from);
            }
            return Err(refused);
        }
        self.put(side, addr, from);
        Ok(())
    }

    fn put(&mut self, side: usize, addr: u64, from: &[u8]) {
        let side = &mut self.sides[side];
        let at = (addr - side.base) as usize;
        side.bytes[at..at + from.len()].copy_from_slice(from);
        side.stored = side.stored.max(addr + from.len() as u64);
    }

    /// The part of a refused store that lies in front of the edge.
    fn leave_part(&mut self, side: usize, addr: u64, from: &[u8]) {
        let there = &self.sides[side].there;
        if addr >= there.start && addr < there.end {
            let part = (there.end - addr).min(from.len() as u64) as usize;
            self.put(side, addr, &from[..part]);
        }
    }

    /// What a repeated access of single bytes can do at once, without a look at each: of `len` bytes, at a side.
    pub fn run(&self, addr: u64, len: u64) -> u64 {
        let Some(side) = self.side(addr) else { return 0 };
        let side = &self.sides[side];
        if self.going.is_some() || addr < side.allowed.start || addr >= side.allowed.end {
            return 0;
        }
        let mut most = len.min(side.allowed.end - addr);
        if side.is_user {
            if addr < side.there.start {
                return 0;
            }
            most = most.min(side.there.end.saturating_sub(addr));
        }
        most
    }

    /// Copies bytes of which `run` has said that they are there.
    pub fn copy(&mut self, to: u64, from: u64, len: u64) {
        let [source, destination] = &mut self.sides;
        let bytes = source.bytes(from..from + len);
        destination.bytes_mut(to..to + len).copy_from_slice(bytes);
        destination.stored = destination.stored.max(to + len);
        self.accesses += 1;
    }

    pub fn set(&mut self, to: u64, byte: u8, len: u64) {
        let destination = &mut self.sides[DESTINATION];
        destination.bytes_mut(to..to + len).fill(byte);
        destination.stored = destination.stored.max(to + len);
        self.accesses += 1;
    }
}
