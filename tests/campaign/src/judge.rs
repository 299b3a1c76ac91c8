// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a fault is the right one.

use alloc::{format, string::String};

use axptr::{Access, Fault, FaultKind, raw::Outcome};

use crate::world::{Bad, Pager, Place, World};

/// One user side of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) place: Place,
    pub(crate) access: Access,
    pub(crate) bad: Bad,
}

impl Side {
    pub(crate) fn of(world: &World<'_>, place: Place, access: Access, pager: Pager) -> Self {
        Self { place, access, bad: world.first_bad(place, access, pager) }
    }

    const fn distance(&self) -> usize {
        match self.bad {
            Some((distance, _)) => distance,
            None => usize::MAX,
        }
    }

    /// Of an operation with this side only.
    pub(crate) fn judge(self, world: &World<'_>, answer: Result<(), Fault>) -> Result<usize, String> {
        judge(world, &[self], answer)
    }
}

/// Holds an answer against the sides. Returns how many bytes are done.
pub(crate) fn judge(world: &World<'_>, sides: &[Side], answer: Result<(), Fault>) -> Result<usize, String> {
    let len = sides[0].place.len;
    let done = sides.iter().map(Side::distance).min().unwrap_or(usize::MAX).min(len);
    let wrong = || Err(format!("{answer:?}, for {sides:x?}: {done} bytes can be done"));
    match answer {
        Ok(()) if done == len => Ok(len),
        Ok(()) => wrong(),
        Err(fault) => {
            let is_it = |side: &&Side| fault.access == side.access || !world.is_told();
            let explains = |side: &Side| {
                side.distance() == done
                    && side.bad.is_some_and(|(_, kind)| is_kind(world, fault.kind, kind))
                    && fault.addr == side.place.addr.wrapping_add(done)
            };
            let told = sides.iter().filter(is_it).any(explains);
            // Where nothing is told, a copy within user space says that its source is at fault.
            let untold = !world.is_told()
                && fault.kind == FaultKind::Unknown
                && sides.iter().any(|side| fault.addr == side.place.addr.wrapping_add(done));
            let right = done < len && fault.done == done && (told || untold);
            if right { Ok(done) } else { wrong() }
        }
    }
}

/// Whether a kind is what the machine says of such a page.
pub(crate) fn is_kind(world: &World<'_>, found: FaultKind, expected: FaultKind) -> bool {
    if world.is_told() { found == expected } else { found == FaultKind::Unknown }
}

/// What a bare routine says, as a fault of its `side`.
pub(crate) fn of_outcome(place: Place, outcome: Outcome, side: Access) -> Result<(), Fault> {
    if outcome.left() == 0 {
        return Ok(());
    }
    let done = place.len.wrapping_sub(outcome.left());
    Err(Fault::new(place.addr, done, outcome.access().unwrap_or(side), outcome.kind()))
}

/// What a bare routine within user memory says, as a fault of its source where it does not say whose it is.
pub(crate) fn of_outcome_within(to: Place, from: Place, outcome: Outcome) -> Result<(), Fault> {
    match outcome.access() {
        Some(Access::Write) => of_outcome(to, outcome, Access::Write),
        Some(Access::Read) | None => of_outcome(from, outcome, Access::Read),
    }
}
