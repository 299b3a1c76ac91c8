// SPDX-License-Identifier: MIT OR Apache-2.0
//! What drivers do: a megabyte at a time, through a bounce buffer or along a list, stopped and resumed.

use alloc::{string::String, vec, vec::Vec};
use core::{num::NonZeroUsize, ops::ControlFlow};

use axptr::{
    FaultKind, UserConstPtr, UserRange, bulk,
    iovec::{IoVec, IoVecs},
};
use memory_addr::va;

use crate::{
    arch::window,
    ensure,
    fault::{self, Traps},
    space::{self, PAGE},
};

const MEGABYTE: usize = 1 << 20;
const CHUNK: NonZeroUsize = NonZeroUsize::new(64 * 1024).unwrap();

/// The user's buffer: lazy, absent, and not at the beginning of a page.
fn fresh_buffer() -> usize {
    let start = space::BIG.start() + (64 << 20);
    space::BIG.renew_part(start, MEGABYTE + PAGE);
    start + 123
}

/// Takes the page away that holds byte `offset` of the buffer; returns the bytes in front of it.
fn unmap(buffer: usize, offset: usize) -> usize {
    let page = (buffer + offset) / PAGE * PAGE;
    let unmapped = space::space().lock().areas.unmap(va!(page), PAGE);
    assert_eq!(unmapped, Ok(()), "{page:#x}");
    crate::line::asm::flush_tlb(None);
    page - buffer
}

/// What the device holds.
fn content() -> Vec<u8> {
    (0..MEGABYTE).map(|index| (index % 251) as u8 ^ (index / 4096) as u8).collect()
}

/// Whether the kernel may schedule here.
fn may_schedule() -> bool {
    crate::line::asm::irqs_enabled()
        && !window::is_open()
        && !axptr::is_accessing_user_memory()
        && space::space().try_lock().is_some()
}

pub fn a_megabyte_goes_through_a_bounce_buffer_in_chunks() -> Result<(), String> {
    let (buffer, content) = (fresh_buffer(), content());
    let mut points = Vec::new();
    let mut point = |done| {
        points.push((done, may_schedule()));
        ControlFlow::Continue(())
    };
    let (sent, traps) = fault::counted(|| bulk::copy_to_user_chunked(buffer, &content, CHUNK, &mut point));
    let pages = Traps::pages(MEGABYTE / PAGE + 1);
    ensure!(sent == Ok(MEGABYTE) && traps == pages, "{sent:x?}, {traps:?}");
    let mut bounce = vec![0; MEGABYTE];
    let (received, traps) =
        fault::counted(|| bulk::copy_from_user_chunked(&mut bounce, buffer, CHUNK, &mut point));
    ensure!(received == Ok(MEGABYTE) && traps == Traps::NONE, "{received:x?}, {traps:?}");
    ensure!(bounce == content, "wrong bytes");
    let once = (1..MEGABYTE / CHUNK).map(|index| (index * CHUNK.get(), true));
    ensure!(points.iter().copied().eq(once.clone().chain(once)), "{points:?}");
    Ok(())
}

pub fn a_transfer_ends_short_at_a_fault_and_is_resumed() -> Result<(), String> {
    let (buffer, content) = (fresh_buffer(), content());
    let sent = axptr::copy_to_user(buffer, &content);
    ensure!(sent == Ok(()), "{sent:x?}");
    let mut bounce = vec![0xee; MEGABYTE];
    // The kernel has something else to do.
    let stop =
        |done| if done == 3 * CHUNK.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let first = bulk::copy_from_user_chunked(&mut bounce, buffer, CHUNK, stop);
    let done = 3 * CHUNK.get();
    ensure!(first == Ok(done) && bounce[done..].iter().all(|&byte| byte == 0xee), "{first:x?}");
    // Meanwhile a page goes away, in the middle of a chunk.
    let in_front = unmap(buffer, 700_000);
    let go_on = |_| ControlFlow::Continue(());
    let second = bulk::copy_from_user_chunked(&mut bounce[done..], buffer + done, CHUNK, go_on);
    let told = second.is_err_and(|fault| {
        fault.done == in_front - done
            && fault.addr == buffer + in_front
            && fault.kind == fault::told(FaultKind::NotPresent)
    });
    ensure!(told, "{second:x?}, {in_front} bytes in front of the hole");
    ensure!(bounce[..in_front] == content[..in_front], "wrong bytes");
    ensure!(bounce[in_front..].iter().all(|&byte| byte == 0xee), "bytes behind the fault");
    // It comes back, empty.
    space::BIG.renew_part(buffer + in_front, PAGE);
    let third = bulk::copy_from_user_chunked(&mut bounce[in_front..], buffer + in_front, CHUNK, go_on);
    ensure!(third == Ok(MEGABYTE - in_front), "{third:x?}");
    let behind = in_front + PAGE;
    ensure!(bounce[in_front..behind].iter().all(|&byte| byte == 0), "not a fresh page");
    ensure!(bounce[behind..] == content[behind..], "wrong bytes behind it");

    // The same in the other direction.
    let in_front = unmap(buffer, 100_000);
    let out = bulk::copy_to_user_chunked(buffer, &content, CHUNK, go_on);
    let told =
        out.is_err_and(|fault| fault.done == in_front && fault.kind == fault::told(FaultKind::NotPresent));
    ensure!(told, "{out:x?}, {in_front} bytes in front of the hole");
    Ok(())
}

/// Cuts the buffer into pieces of uneven lengths and lists them from its end to its beginning.
fn scatter_list(buffer: usize) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for len in [1, 4096, 70_000, 0, 13, 250_001, 8, 511].into_iter().cycle() {
        let len = len.min(MEGABYTE - start);
        pieces.push((buffer + start, len));
        start += len;
        if start == MEGABYTE {
            break;
        }
    }
    pieces.reverse();
    pieces
}

pub fn a_scatter_list_ends_short_at_a_fault_and_is_resumed() -> Result<(), String> {
    let (buffer, content) = (fresh_buffer(), content());
    let pieces = scatter_list(buffer);
    let array: Vec<u8> =
        pieces.iter().flat_map(|&(base, len)| [base.to_ne_bytes(), len.to_ne_bytes()].concat()).collect();
    space::poke(space::RW.start(), &array);
    let mut storage = [UserRange::new(0, 0).expect("nothing"); 64];
    let list = UserConstPtr::<IoVec>::new(space::RW.start());
    let vecs = IoVecs::import(list, pieces.len(), &mut storage);
    let vecs = vecs.map_err(|error| alloc::format!("{error:x?}"))?;
    ensure!(vecs.total() == MEGABYTE && vecs.ranges().len() == pieces.len(), "{} bytes", vecs.total());
    // What user space writes there now changes nothing.
    space::poke(space::RW.start(), &vec![0xff; array.len()]);

    let hole = unmap(buffer, 200_000);
    // In the order of the list: the pieces in front, and of the one with the hole what lies below.
    let mut in_front = 0;
    for &(base, len) in &pieces {
        if base + len > buffer + hole && base < buffer + hole + PAGE {
            in_front += (buffer + hole).saturating_sub(base);
            break;
        }
        in_front += len;
    }
    let (written, traps) = fault::counted(|| vecs.write_at(0, &content));
    let told = written.is_err_and(|fault| fault.done == in_front && fault.addr == buffer + hole);
    ensure!(told && 0 < in_front && in_front < MEGABYTE, "{written:x?}, {in_front}, {traps:?}");
    space::BIG.renew_part(buffer + hole, PAGE);
    let rest = vecs.write_at(in_front, &content[in_front..]);
    ensure!(rest == Ok(MEGABYTE - in_front), "{rest:x?}");

    // Gathered in blocks that end where no piece does.
    let mut back = Vec::new();
    let mut block = [0; 10_007];
    while back.len() < MEGABYTE {
        let read = vecs.read_at(back.len(), &mut block).map_err(|fault| alloc::format!("{fault:x?}"))?;
        ensure!(read > 0, "no end at {}", back.len());
        back.extend_from_slice(&block[..read]);
    }
    ensure!(back == content, "wrong bytes");
    let mut place = 0;
    for (base, len) in pieces {
        ensure!(space::peek(base, len) == content[place..place + len], "{len} bytes at {base:#x}");
        place += len;
    }
    Ok(())
}
