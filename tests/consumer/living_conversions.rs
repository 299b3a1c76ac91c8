// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the features of the living ArceOS line convert to and from, beside those of the earlier one.

use axptr::{
    UserConstPtr, UserRange,
    iovec::{IoVec, IoVecs},
};

fn linux(addr: ax_memory_addr::VirtAddr) -> ax_errno::LinuxResult<u32> {
    Ok(UserConstPtr::<u32>::from(addr).read()?)
}

fn ax(addr: ax_memory_addr::VirtAddr) -> ax_errno::AxResult<u32> {
    Ok(UserConstPtr::<u32>::from(addr).read()?)
}

fn earlier(addr: memory_addr::VirtAddr) -> axerrno::LinuxResult<u32> {
    Ok(UserConstPtr::<u32>::from(addr).read()?)
}

fn main() {
    assert_eq!(linux(ax_memory_addr::va!(8)), Err(ax_errno::LinuxError::EFAULT));
    assert_eq!(ax(ax_memory_addr::va!(8)), Err(ax_errno::AxError::BadAddress));
    assert_eq!(earlier(memory_addr::va!(8)), Err(axerrno::LinuxError::EFAULT));
    let mut storage = [UserRange::new(0, 0).unwrap(); 4];
    let error = IoVecs::import(UserConstPtr::<IoVec>::new(8), 5, &mut storage).unwrap_err();
    assert_eq!(ax_errno::LinuxError::from(error), ax_errno::LinuxError::EINVAL);
    assert_eq!(ax_errno::AxError::from(error), ax_errno::AxError::InvalidInput);
}
