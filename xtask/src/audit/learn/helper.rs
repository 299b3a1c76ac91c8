// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of the assembly that routines call: which registers they change.

use std::{collections::BTreeSet, fmt};

use crate::audit::{
    decode::{
        insn::{FLAGS, Reg},
        isa::Guard,
    },
    follow::{
        listing::Listing,
        state::{State, States, Surroundings},
        value::{Symbol, Value},
        walk::{Event, Rules, Walk},
    },
    linked::{binary::Binary, image::Function},
};

/// Why it cannot be told what a helper changes.
#[derive(Clone, Debug)]
pub struct Unclear {
    at: String,
    what: String,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// The registers that a helper changes, or why that cannot be told.
pub fn changed_by(binary: &Binary, function: &Function) -> Result<Vec<Reg>, Unclear> {
    let surroundings = Surroundings { lacking: false, open: false, known: false };
    let listing = Listing::new(binary.decode(function), function.range.clone(), &[]);
    let walk = Walk { binary, listing: &listing, surroundings, guard: Guard::None, rules: Rules::ROUTINE };
    let mut changed = BTreeSet::new();
    let mut wrong = None;
    let mut states = States::new();
    walk.explore(&mut states, vec![(function.range.start, State::entry(surroundings))]);
    walk.visit(&states, &mut |insn, state, event| match event {
        Event::Reached if insn.is_unknown() => wrong = Some((insn.addr, insn.text.clone())),
        Event::Return(_) => {
            for reg in 0..FLAGS {
                if state.get(reg) != Value::symbol(Symbol::Entry(reg)) {
                    changed.insert(reg);
                }
            }
        }
        Event::Call { .. } => wrong = Some((insn.addr, "a helper calls on".to_owned())),
        Event::Wrong(what) => wrong = Some((insn.addr, what)),
        Event::Access(_, _, addr) => {
            let own = match (addr.as_address(), addr.as_constant()) {
                (Some(Symbol::Entry(reg)), _) => reg == binary.isa.stack,
                (_, Some(addr)) => binary.image.is_memory(addr),
                _ => false,
            };
            if !own {
                wrong = Some((insn.addr, "a helper accesses what is not its own".to_owned()));
            }
        }
        Event::Reached => {}
    });
    match wrong {
        Some((addr, what)) => Err(Unclear { at: binary.image.describe(addr), what }),
        None => Ok(changed.into_iter().collect()),
    }
}
