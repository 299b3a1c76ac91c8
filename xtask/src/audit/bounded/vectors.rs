// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the instructions of vector registers compute.

use super::micro::VectorOp;

pub fn vector(op: VectorOp, a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut to = [0; 32];
    match op {
        VectorOp::Move => to = *b,
        VectorOp::Xor => (0..32).for_each(|at| to[at] = a[at] ^ b[at]),
        VectorOp::EqualBytes => (0..32).for_each(|at| to[at] = if a[at] == b[at] { 0xff } else { 0 }),
        VectorOp::LeastBytes => (0..32).for_each(|at| to[at] = a[at].min(b[at])),
        VectorOp::UnpackLow => {
            to[..8].copy_from_slice(&a[..8]);
            to[8..16].copy_from_slice(&b[..8]);
        }
        VectorOp::Broadcast => to.chunks_mut(8).for_each(|to| to.copy_from_slice(&b[..8])),
        VectorOp::TakeUpper => to[..16].copy_from_slice(&b[16..]),
        VectorOp::HighToLow => {
            to[..8].copy_from_slice(&b[8..16]);
            to[8..16].copy_from_slice(&a[8..16]);
        }
        VectorOp::Narrow4 => (0..8).for_each(|at| to[at] = b[2 * at] >> 4 | b[2 * at + 1] << 4),
    }
    to
}
