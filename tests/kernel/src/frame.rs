// SPDX-License-Identifier: MIT OR Apache-2.0
//! axcpu's trap frame, as axptr looks at it. Which of its fields are what is a machine's: `arch::frame`.

use crate::line::TrapFrame;

/// The frame of a fault in kernel code.
#[derive(Debug)]
pub struct Frame<'a>(pub &'a mut TrapFrame);

impl Frame<'_> {
    /// Whether the fault interrupted code that ran with interrupts on.
    pub fn irqs_were_on(&self) -> bool {
        crate::arch::frame::irqs_were_on(self.0)
    }
}

/// A word of axcpu's frame, by its place.
pub fn word(frame: &mut TrapFrame, place: usize) -> &mut usize {
    assert!(place < size_of::<TrapFrame>() / size_of::<usize>());
    let start = core::ptr::from_mut(frame).cast::<usize>();
    // SAFETY: the frame is made of words, of which any value is one, and has this one by the line above.
    unsafe { &mut *start.wrapping_add(place) }
}

/// Implements axptr's trait for [`Frame`].
///
/// - `pc`: the field of the pc. `cause`: that of the register that `axptr::extable::Landing::REGISTER` names.
/// - `read`, `write`: those of the registers in which an instruction with two sides has its addresses, where there is
///   such an instruction.
macro_rules! fields {
    (pc: $pc:ident, cause: [$($cause:tt)+] $(, read: [$($read:tt)+], write: [$($write:tt)+])?) => {
        // SAFETY: (1) to (4) the registers that the trap entry has saved, and restores.
        unsafe impl axptr::trap::TrapFrame for $crate::frame::Frame<'_> {
            fn pc(&self) -> usize {
                self.0.$pc as usize
            }

            fn set_pc(&mut self, pc: usize) {
                self.0.$pc = pc as _;
            }

            fn set_cause(&mut self, value: usize) {
                self.0.$($cause)+ = value as _;
            }
            $(
                fn operands(&self) -> Option<axptr::trap::Operands> {
                    Some(axptr::trap::Operands { read: self.0.$($read)+ as usize, write: self.0.$($write)+ as usize })
                }
            )?
        }
    };
}
pub(crate) use fields;
