// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program whose axptr lies in a Rust `dylib`. Its inlined accesses are its own, with entries in its own table.

use std::{env, ptr};

use shared::axptr::{
    self,    FaultKind, SelftestError, UserConstPtr, UserPtr,
    extable::{Entry, Table},
    hosted, selftest,
};

/// Nothing is mapped there.
const NOWHERE: usize = 0x18;

unsafe extern "C" {
    #[link_name = "__start_axptr_ex_table"]
    static START: [u8; 0];
    #[link_name = "__stop_axptr_ex_table"]
    static STOP: [u8; 0];
}

/// This image's table.
fn own_table() -> Table<'static> {
    // SAFETY: (1), (2) the linker's symbols stand around the section of this program.
    unsafe { Table::from_raw((&raw const START).cast::<Entry>(), (&raw const STOP).cast()) }.unwrap()
}

fn recovers() {
    let fault = UserConstPtr::<u64>::from(NOWHERE).read().unwrap_err();
    assert_eq!((fault.done, fault.addr, fault.kind), (0, NOWHERE, FaultKind::NotPresent));
    assert!(UserPtr::<u16>::from(NOWHERE).write(1).is_err());
    assert!(UserConstPtr::<[u8; 32]>::from(NOWHERE).read().is_err());
    assert!(axptr::copy_from_user(&mut [0; 300], NOWHERE).is_err());
    assert!(axptr::copy_from_user(&mut [0; 4], NOWHERE).is_err());
    assert!(UserConstPtr::<u8>::from(NOWHERE).as_cstr().read(&mut [0; 9]).is_err());
    let word = 7_u64;
    assert_eq!(UserConstPtr::<u64>::from((&raw const word).expose_provenance()).read(), Ok(7));
}

fn main() {
    // Else there is nothing to be shown: the accesses are here, and the handler's table is elsewhere.
    let (own, there) = (own_table(), Table::image());
    assert!(!own.entries().is_empty());
    assert!(!ptr::eq(own.entries(), there.entries()));
    assert!(own.entries().iter().all(|entry| there.find(entry.insn()).is_none()));
    match &*env::args().nth(1).unwrap() {
        "here" => {
            // SAFETY: (1) as `recovers` does it.
            unsafe { hosted::install() }.unwrap();
            assert_eq!(selftest(), Ok(()));
            recovers();
            assert!(shared::is_right_here());
        }
        "there and here" => {
            shared::install_here();
            assert!(shared::is_right_here());
            assert_eq!(selftest(), Err(SelftestError::OtherImage));
            // SAFETY: (1) as `recovers` does it.
            unsafe { hosted::install() }.unwrap();
            assert_eq!(selftest(), Ok(()));
            recovers();
        }
        "there only" => {
            shared::install_here();
            assert!(shared::is_right_here());
            println!("{}", selftest().unwrap_err());
            recovers();
        }
        scene => panic!("{scene}"),
    }
    println!("the end");
}
