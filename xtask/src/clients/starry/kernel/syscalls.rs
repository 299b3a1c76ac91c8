// SPDX-License-Identifier: MIT OR Apache-2.0
// Behind StarryOS's `syscall/fs/io.rs`: whose transfers may be short.

/// Whether a file keeps what has come in front of a bad byte, and says so. A message or a counter is whole or nothing.
fn may_be_short(file: &Arc<dyn FileLike>) -> bool {
    file.downcast_ref::<File>().is_some() || file.downcast_ref::<Memfd>().is_some()
}

/// The bytes of a vector: up to the first that cannot be read, if they may be short.
fn import(source: IoVectorBuf<'_>, short: bool) -> StarryResult<Vec<u8>> {
    let len = source.byte_len();
    let mut data = Vec::new();
    data.try_reserve_exact(len).map_err(|_| StarryError::NoMemory)?;
    data.resize(len, 0);
    let done = source.into_io().short_if(short).read(&mut data)?;
    data.truncate(done);
    Ok(data)
}
