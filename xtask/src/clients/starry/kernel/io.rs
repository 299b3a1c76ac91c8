// SPDX-License-Identifier: MIT OR Apache-2.0
// Behind StarryOS's `mm/io.rs`: vectors by axptr.

impl IoVectorBufIo<'_> {
    /// As that of `VmBytes`.
    pub(crate) fn short_if(self, short: bool) -> Self {
        Self { short, ..self }
    }

    /// The address of the next byte, and how many the element has from there.
    fn here(&mut self) -> Option<(usize, usize)> {
        self.skip_empty().ok()?;
        let element = self.inner.iovs.get(self.start)?;
        Some((element.iov_base.addr() + self.offset, element.iov_len as usize - self.offset))
    }

    /// Has `access` do `len` bytes, an element's part after another: the count so far, the address and the length.
    fn each_part(
        &mut self,
        len: usize,
        mut access: impl FnMut(&UserTaskRef, usize, usize, usize) -> Result<usize, VmError>,
    ) -> IoResult<usize> {
        let mut count = 0;
        while count < len
            && let Some((address, room)) = self.here()
        {
            let part = room.min(len - count);
            let done = access(self.inner.task, count, address, part).map_err(vm_error_to_io_error)?;
            self.offset += done;
            self.inner.len -= done;
            count += done;
            if done < part {
                return super::access::count(count, len, self.short);
            }
        }
        Ok(count)
    }
}
