// SPDX-License-Identifier: MIT OR Apache-2.0
// A C program that has axptr in it (OWN), or loads shared objects that do, or both.

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t count;

static void on_signal(int signal)
{
    (void)signal;
    count++;
}

#ifdef OWN
extern int library_check(void);
#endif

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGSEGV, &action, NULL);
    int (*checks[8])(void);
    int images = 0;
#ifdef OWN
    checks[images++] = library_check;
#endif
    for (int i = 1; i < argc; i++) {
        void *handle = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            printf("%s\n", dlerror());
            return 1;
        }
        *(void **)&checks[images++] = dlsym(handle, "library_check");
    }
    // The first again, behind those that have installed since.
    for (int i = 0; i < 2 * images; i++) {
        int status = checks[i % images]();
        if (status != 0) {
            printf("image %d: %d\n", i % images, status);
            return 1;
        }
    }
    raise(SIGSEGV);
    if (count != 1) {
        printf("%d calls of the program's own handler\n", (int)count);
        return 1;
    }
    printf("the end\n");
    return 0;
}
