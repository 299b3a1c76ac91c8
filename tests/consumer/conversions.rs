// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the default features convert to and from.

fn main() {
    let ptr = axptr::UserConstPtr::<u32>::from(memory_addr::VirtAddr::from(8));
    let fault = ptr.read().unwrap_err();
    assert_eq!(axerrno::LinuxError::from(fault), axerrno::LinuxError::EFAULT);
    assert_eq!(axerrno::AxError::from(fault), axerrno::AxError::BadAddress);
}
