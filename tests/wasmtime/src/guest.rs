// SPDX-License-Identifier: MIT OR Apache-2.0
//! A guest that traps in each way there is, and whose host copies from its memory up to the end and behind.

use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{Caller, Engine, Instance, Linker, Memory, Module, Store, Trap, TypedFunc};

use crate::faults::done;

/// How many traps the guests have met, in all threads.
pub static TRAPS: AtomicUsize = AtomicUsize::new(0);

/// How many copies of the host's have met the end of the guest's memory, while the guest waited.
pub static FAULTS_INSIDE: AtomicUsize = AtomicUsize::new(0);

/// The guest's memory: one page of WebAssembly's.
const SIZE: usize = 65536;

/// All take a number: an address, a divisor, or nothing that matters.
const TEXT: &str = r#"(module
  (import "host" "read" (func $read (param i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "stop") (param i32) (result i32) unreachable)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 60) (local.get 0)))
  (func $deep (export "deepen") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
  (func (export "read") (param i32 i32) (result i32) (call $read (local.get 0) (local.get 1)))
  (func (export "read and load") (param i32 i32) (result i32)
    (drop (call $read (local.get 0) (local.get 1)))
    (i32.load (local.get 0)))
)"#;

/// One instance, of one thread.
#[derive(Debug)]
pub struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    pub fn new(engine: &Engine) -> Self {
        let module = Module::new(engine, TEXT).expect("the module is right");
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        linker.func_wrap("host", "read", read).expect("it is named once");
        let instance = linker.instantiate(&mut store, &module).expect("it asks for nothing else");
        Self { store, instance }
    }

    /// Lets it trap once.
    ///
    /// # Panics
    ///
    /// Panics if it does not.
    pub fn stop(mut self) {
        let stop = self.function::<i32>("stop");
        assert_eq!(self.call(&stop, 0), Err(Trap::UnreachableCodeReached));
    }

    /// Calls it, and looks at each answer.
    ///
    /// # Panics
    ///
    /// Panics if one is wrong.
    pub fn run(mut self, seed: u64, rounds: usize) {
        let mut random = fastrand::Rng::with_seed(seed);
        let one = ["stop", "load", "divide", "deepen"].map(|name| self.function::<i32>(name));
        let two = ["read", "read and load"].map(|name| self.function::<(i32, i32)>(name));
        for round in 0..rounds {
            // A stack that is used up takes longer than all others.
            let which = if round % 64 == 0 { 3 } else { random.usize(0..3) };
            let arg = match which {
                1 => random.usize(SIZE - 64..SIZE + 64),
                _ => random.usize(0..3),
            };
            let expected = match which {
                0 => Err(Trap::UnreachableCodeReached),
                1 if arg + 4 > SIZE => Err(Trap::MemoryOutOfBounds),
                1 => Ok(0),
                2 if arg == 0 => Err(Trap::IntegerDivisionByZero),
                2 => Ok(60 / arg as i32),
                _ => Err(Trap::StackOverflow),
            };
            assert_eq!(self.call(&one[which], arg as i32), expected, "call {which} with {arg}");

            let (addr, len) = (SIZE - random.usize(0..=256), random.usize(1..=256));
            let done = len.min(SIZE - addr);
            let args = (addr as i32, len as i32);
            assert_eq!(self.call(&two[0], args), Ok(done as i32), "{len} bytes at {addr}");
            let expected = if addr + 4 > SIZE { Err(Trap::MemoryOutOfBounds) } else { Ok(0) };
            assert_eq!(self.call(&two[1], args), expected, "{len} bytes at {addr}, then a load there");
        }
    }

    fn function<A: wasmtime::WasmParams>(&mut self, name: &str) -> TypedFunc<A, i32> {
        self.instance.get_typed_func(&mut self.store, name).expect("the guest has it")
    }

    fn call<A: wasmtime::WasmParams>(&mut self, function: &TypedFunc<A, i32>, args: A) -> Result<i32, Trap> {
        function.call(&mut self.store, args).map_err(|error| {
            TRAPS.fetch_add(1, Ordering::Relaxed);
            *error.downcast_ref::<Trap>().unwrap_or_else(|| panic!("{error:?} is no trap"))
        })
    }
}

/// What the guest calls: the host copies from the guest's memory without asking how long it is.
fn read(mut caller: Caller<'_, ()>, addr: i32, len: i32) -> i32 {
    let memory: Memory = caller.get_export("memory").and_then(|it| it.into_memory()).expect("it is exported");
    let addr = memory.data_ptr(&caller).expose_provenance() + addr as usize;
    let mut buf = [1; 256];
    let buf = &mut buf[..len as usize];
    let done = done(axptr::copy_from_user(buf, addr), addr, buf.len());
    // The guest has written nothing.
    assert!(
        buf[..done].iter().all(|byte| *byte == 0) && buf[done..].iter().all(|byte| *byte == 1),
        "{buf:?}"
    );
    if done < buf.len() {
        FAULTS_INSIDE.fetch_add(1, Ordering::Relaxed);
    }
    done as i32
}
