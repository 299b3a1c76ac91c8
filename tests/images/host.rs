// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program with an axptr of its own, which loads shared objects that have theirs. The first argument names the scene.

use std::{
    env,
    ffi::{CStr, CString, c_int, c_void},
    mem, ptr,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use axptr::{UserConstPtr, hosted};

/// Nothing is mapped there.
const NOWHERE: usize = 0x18;

/// An image with axptr in it.
trait Image {
    fn name(&self) -> &str;
    fn install(&self) -> bool;
    /// Whether a bad pointer is an error, and a good one is not.
    fn recovers(&self) -> bool;
    fn is_in_front(&self) -> bool;
    fn uninstall(&self) -> bool;
}

struct Program;

impl Image for Program {
    fn name(&self) -> &str {
        "the program"
    }

    fn install(&self) -> bool {
        // SAFETY: (1) addresses at which nothing is mapped, and a word that nobody writes.
        unsafe { hosted::install() }.is_ok()
    }

    fn recovers(&self) -> bool {
        let good = 7;
        let good = UserConstPtr::<u32>::from((&raw const good).expose_provenance());
        UserConstPtr::<u32>::from(NOWHERE).read().is_err()
            && axptr::copy_from_user(&mut [0; 300], NOWHERE).is_err()
            && good.read() == Ok(7)
    }

    fn is_in_front(&self) -> bool {
        hosted::is_in_front()
    }

    fn uninstall(&self) -> bool {
        hosted::uninstall().is_ok()
    }
}

struct Plugin {
    path: CString,
    handle: *mut c_void,
}

impl Plugin {
    fn open(path: &str) -> Self {
        let path = CString::new(path).unwrap();
        // SAFETY: a shared object of the test.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        if handle.is_null() {
            // SAFETY: the call has failed.
            let why = unsafe { libc::dlerror() };
            // SAFETY: so there is a text.
            panic!("{:?}", unsafe { CStr::from_ptr(why) });
        }
        Self { path, handle }
    }

    /// The function of this name.
    fn call(&self, name: &CStr) -> c_int {
        // SAFETY: an open object, and a name.
        let function = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!function.is_null(), "{name:?}");
        // SAFETY: all that are called so have this type.
        let function = unsafe { mem::transmute::<*mut c_void, extern "C" fn() -> c_int>(function) };
        function()
    }

    fn read(&self, addr: usize) -> c_int {
        // SAFETY: an open object, and a name.
        let function = unsafe { libc::dlsym(self.handle, c"plugin_read".as_ptr()) };
        type Read = unsafe extern "C" fn(usize, *mut u32) -> c_int;
        // SAFETY: the function's type.
        let function = unsafe { mem::transmute::<*mut c_void, Read>(function) };
        let mut word = 0;
        // SAFETY: a word of ours.
        unsafe { function(addr, &raw mut word) }
    }

    fn close(self) {
        // SAFETY: nothing of it is used later.
        assert_eq!(unsafe { libc::dlclose(self.handle) }, 0);
    }
}

impl Image for Plugin {
    fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn install(&self) -> bool {
        self.call(c"plugin_install") == 0
    }

    fn recovers(&self) -> bool {
        let good = 7;
        self.read(NOWHERE) == 1 && self.read((&raw const good).expose_provenance()) == 0
    }

    fn is_in_front(&self) -> bool {
        self.call(c"plugin_is_in_front") == 1
    }

    fn uninstall(&self) -> bool {
        self.call(c"plugin_uninstall") == 0
    }
}

/// Sends this thread a SIGSEGV. Nothing has faulted.
fn send() {
    // SAFETY: what a handler makes of it is the scene's business.
    assert_eq!(unsafe { libc::raise(libc::SIGSEGV) }, 0);
}

fn set_handler(handler: libc::sighandler_t, flags: c_int) {
    // SAFETY: all zero is an action.
    let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the handlers of these scenes do what a handler may.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) }, 0);
}

/// Each image recovers, the innermost first: what is behind it is not asked.
fn all_recover(images: &[&dyn Image], when: &str) {
    for image in images {
        assert!(image.recovers(), "{}, {when}", image.name());
    }
    println!("all recover {when}");
}

/// Installs in this order, then sends a signal that std's handler gives up on.
fn several(images: &[&dyn Image]) {
    for (count, image) in images.iter().enumerate() {
        assert!(image.install());
        all_recover(&images[..=count], "installed");
    }
    let front = |image: &dyn Image| image.is_in_front();
    let last = images.len() - 1;
    assert!(front(images[last]) && !images[..last].iter().any(|image| front(*image)));
    // std's handler takes it for its own reset: "give up, and die of it when the instruction is tried again".
    send();
    all_recover(images, "after a signal that std gave up on");
    assert!(front(images[last]) && !images[..last].iter().any(|image| front(*image)));
    // Again, from the inside: what was behind comes in front, and nothing turns in a circle.
    for image in images {
        assert!(image.install());
        assert!(front(*image), "{}: Ok, and not in front", image.name());
        all_recover(images, "after coming in front again");
    }
    // Nobody in front is to be taken away by one that is not.
    assert!(!images[0].uninstall());
    assert!(images[last].uninstall() && !front(images[last]));
    println!("the end");
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: c_int) {
    COUNT.fetch_add(1, SeqCst);
}

/// The object that has installed its handler is closed.
fn closed(path: &str) {
    set_handler(count as extern "C" fn(c_int) as libc::sighandler_t, 0);
    let plugin = Plugin::open(path);
    assert!(plugin.install() && plugin.recovers());
    plugin.close();
    println!("closed");
    send();
    assert_eq!(COUNT.load(SeqCst), 1);
    let plugin = Plugin::open(path);
    assert!(plugin.is_in_front() && plugin.recovers());
    println!("the end");
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let plugins: Vec<Plugin> = match &*args[1] {
        "closed" => return closed(&args[2]),
        _ => args[2..].iter().map(|path| Plugin::open(path)).collect(),
    };
    let mut images: Vec<&dyn Image> = plugins.iter().map(|plugin| plugin as &dyn Image).collect();
    match &*args[1] {
        "program first" => images.insert(0, &Program),
        "program last" => images.push(&Program),
        "plugins only" => {}
        scene => panic!("{scene}"),
    }
    several(&images);
}
