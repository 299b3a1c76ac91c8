// SPDX-License-Identifier: MIT OR Apache-2.0
// A C program that has axptr in it (OWN), or loads shared objects that do, or both. It may close them (CLOSES): those that
// have a handler in front stay, and go on.

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

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
    // A handler that is gone is a signal again and again.
    alarm(120);
    int (*checks[8])(void);
    void *handles[8] = {NULL};
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
        handles[images] = handle;
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
#ifdef CLOSES
    for (int i = 0; i < images; i++) {
        if (handles[i] && dlclose(handles[i]) != 0) {
            printf("%s\n", dlerror());
            return 1;
        }
    }
    for (int i = 0; i < images; i++) {
        int status = checks[i]();
        if (status != 0) {
            printf("image %d, closed: %d\n", i, status);
            return 1;
        }
    }
#else
    (void)handles;
#endif
    raise(SIGSEGV);
    if (count != 1) {
        printf("%d calls of the program's own handler\n", (int)count);
        return 1;
    }
    printf("the end\n");
    return 0;
}
