// SPDX-License-Identifier: MIT OR Apache-2.0
//! All operations. A new one is a row in one of these files.

mod atomics;
mod bare;
mod bytes;
mod handles;
mod strings;
mod values;

use crate::operation::Operation;

pub(crate) fn all() -> Vec<Operation> {
    let mut rows = Vec::new();
    rows.extend_from_slice(bytes::ROWS);
    rows.extend_from_slice(strings::ROWS);
    rows.extend_from_slice(handles::ROWS);
    handles::typed(&mut rows);
    values::all(&mut rows);
    atomics::all(&mut rows);
    bare::all(&mut rows);
    rows
}
