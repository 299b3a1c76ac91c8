// SPDX-License-Identifier: MIT OR Apache-2.0
pub fn at_boot() {
    // SAFETY: (1) the kernel, and all that it maps for itself, lies above this address.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
}
