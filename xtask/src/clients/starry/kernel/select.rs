// SPDX-License-Identifier: MIT OR Apache-2.0
// Behind StarryOS's `syscall/io_mpx/select.rs`: sets of files, of which a program has as many words as it says.

const BITS: u32 = usize::BITS;

fn words_of(
    current: &crate::task::UserTaskRef,
    user: UserPtr<__kernel_fd_set>,
    nfds: u32,
) -> StarryResult<__kernel_fd_set> {
    // SAFETY: a set is words, and 0 is one.
    let mut set: __kernel_fd_set = unsafe { core::mem::zeroed() };
    let words = UserConstPtr::<usize>::from(user.as_ptr().addr());
    for (bits, word) in set.fds_bits.iter_mut().zip(words.read_slice(current, nfds.div_ceil(BITS) as usize)?) {
        *bits = word as _;
    }
    Ok(set)
}

fn put_words(
    current: &crate::task::UserTaskRef,
    user: UserPtr<__kernel_fd_set>,
    nfds: u32,
    set: &__kernel_fd_set,
) -> StarryResult<()> {
    let words: Vec<usize> = set.fds_bits.iter().take(nfds.div_ceil(BITS) as usize).map(|&bits| bits as _).collect();
    UserPtr::<usize>::from(user.as_ptr().addr()).write_slice(current, &words)
}
