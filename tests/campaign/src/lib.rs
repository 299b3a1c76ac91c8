// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random operations of every public family, held against a model of bytes that was written for this alone.
//!
//! A [`round`] is all that a seed chooses: pages of all kinds that a [`Site`] has, and operations on them, most of them
//! where one page differs from the next. Behind each, the answer and the bytes on both sides are compared with what the
//! model says: the count, the address, the access, the kind; what has changed, and what has not.

#![no_std]

extern crate alloc;

mod judge;
mod rng;
mod seen;
mod world;

mod families;

use alloc::{format, string::String};
use core::fmt;

use axptr_cases::Site;

use self::{
    families::{FAMILIES, Family},
    seen::Seen,
    world::World,
};

/// How long a round is, and how much memory it may take.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The number of operations.
    pub operations: u32,
    /// The most pages of user memory; as much is taken of the kernel's, twice.
    pub pages: usize,
}

/// What has been done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Operations.
    pub operations: u64,
    /// Those of them that met a byte which does not permit the access.
    pub faults: u64,
    /// Operations on a page of a larger size, and on what lies behind it.
    pub large: u64,
    seen: Seen,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, faults, large, seen: _ } = self;
        write!(f, "campaign: {operations} operations, {faults} faults, {large} on large pages")
    }
}

impl Done {
    /// Adds what another round has done.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.faults += other.faults;
        self.large += other.large;
        self.seen.add(&other.seen);
    }

    /// Looks whether each operation has run, and has met a bad byte if it can. A short run says nothing of it.
    ///
    /// # Errors
    ///
    /// Names the first that has not.
    pub fn check(&self) -> Result<(), String> {
        self.seen.check()
    }
}

/// Does the operations that a seed chooses, on new memory of the site.
///
/// # Errors
///
/// Says which operation has answered or done something else than the model.
pub fn round(site: &mut dyn Site, seed: u64, size: Size) -> Result<Done, String> {
    let mut world = World::new(site, seed, size.pages);
    let mut done = Done { seen: Seen::new(world.below_limit().is_none()), ..Done::default() };
    for number in 0..size.operations {
        world.look_for_new_pages();
        let (index, (name, run)) = draw(&mut world);
        let outcome = run(&mut world).map_err(|why| {
            format!("--seed {seed}, operation {number}, {name}: {why}; pages {:?}", world.kinds())
        })?;
        done.operations += 1;
        done.faults += u64::from(outcome);
        done.large += u64::from(world.is_large());
        done.seen.count(index, outcome);
    }
    world.end().map_err(|why| format!("--seed {seed}, at the end: {why}; pages {:?}", world.kinds()))?;
    Ok(done)
}

/// The next operation, and its index among all: of a family, each as often as it is important.
fn draw(world: &mut World<'_>) -> (usize, Family) {
    let all: usize = FAMILIES.iter().map(|(weight, _)| weight).sum();
    let mut left = world.rng.below(all);
    let mut first = 0;
    for (weight, family) in FAMILIES {
        if left < *weight {
            let number = world.rng.below(family.len());
            return (first + number, family[number]);
        }
        left -= weight;
        first += family.len();
    }
    (0, FAMILIES[0].1[0])
}
