// SPDX-License-Identifier: MIT OR Apache-2.0
//! Opens a program for the proofs.

use std::rc::Rc;

use super::{
    helper::{self, Unclear},
    never,
};
use crate::audit::{
    decode::isa::Isa,
    linked::{
        assembly::{self, Kind},
        binary::Binary,
        image::{Function, Image},
        names,
    },
};

/// The program with what must be known of its functions beforehand.
///
/// # Errors
///
/// Fails where it cannot be told which registers a helper changes.
pub fn open(image: Image, isa: &'static Isa, is_kernel: bool) -> Result<Binary, Unclear> {
    let mut binary = Binary::new(image, isa, is_kernel);
    for function in binary.image.functions().to_vec() {
        if let Some(Ok(Kind::Helper)) = assembly::kind(&function.name) {
            let changed = helper::changed_by(&binary, &function)?;
            // One at a time: helpers do not call each other.
            binary.helpers.insert(function.range.start, changed);
        }
    }
    // Taken at its word: it asks the helper, or the ID registers itself.
    let asks = |function: &&Function| names::is_ask_cpu(&function.name, isa.name);
    binary.asking = binary.helpers.keys().copied().collect();
    binary.asking.extend(binary.image.functions().iter().filter(asks).map(|function| function.range.start));
    binary.never = Rc::new(never::find(&binary));
    Ok(binary)
}
