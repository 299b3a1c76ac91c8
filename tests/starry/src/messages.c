// SPDX-License-Identifier: MIT OR Apache-2.0
// Sockets: addresses, options and messages. A message is a struct that points to structs.
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "check.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static int pair[2];

static void drain(void)
{
    while (sys(SYS_recvfrom, pair[1], pages, PAGE, MSG_DONTWAIT, 0, 0) > 0)
        ;
}

static void sending(void)
{
    struct iovec good = {pages, 10}, bad = {unmapped, 10};
    struct msghdr message = {.msg_iov = &good, .msg_iovlen = 1};
    check("sendto/unmapped", sys(SYS_sendto, pair[0], unmapped, 10, 0, 0, 0), -EFAULT);
    check("sendto/kernel-half", sys(SYS_sendto, pair[0], kernel_half, 10, 0, 0, 0), -EFAULT);
    check("sendmsg/good", sys(SYS_sendmsg, pair[0], &message, 0), 10);
    struct place places[PLACES];
    bad_places(sizeof message, places);
    for (int i = 0; i < PLACES_TO_READ; i++)
        check_at("sendmsg/message", places[i].name, sys(SYS_sendmsg, pair[0], places[i].address, 0), -EFAULT);
    message.msg_iov = (void *)unmapped;
    check("sendmsg/vector-unmapped", sys(SYS_sendmsg, pair[0], &message, 0), -EFAULT);
    message.msg_iov = &bad;
    check("sendmsg/element-unmapped", sys(SYS_sendmsg, pair[0], &message, 0), -EFAULT);
    message.msg_iov = &good;
    message.msg_control = unmapped;
    message.msg_controllen = 64;
    check("sendmsg/control-unmapped", sys(SYS_sendmsg, pair[0], &message, 0), -EFAULT);
}

static void receiving(void)
{
    struct iovec good = {pages, 10}, bad = {unmapped, 10};
    struct msghdr message = {.msg_iov = &good, .msg_iovlen = 1};
    drain();
    check("recvfrom/empty-after-faults", sys(SYS_recvfrom, pair[1], pages, 10, MSG_DONTWAIT, 0, 0), -EAGAIN);
    sys(SYS_write, pair[0], "0123456789", 10);
    check("recvfrom/unmapped", sys(SYS_recvfrom, pair[1], unmapped, 10, MSG_DONTWAIT, 0, 0), -EFAULT);
    check("recvfrom/kept-after-fault", sys(SYS_recvfrom, pair[1], pages, 10, MSG_DONTWAIT, 0, 0), 10);
    sys(SYS_write, pair[0], "0123456789", 10);
    struct place places[PLACES];
    bad_places(sizeof message, places);
    for (int i = 0; i < PLACES_TO_READ; i++)
        check_at("recvmsg/message", places[i].name, sys(SYS_recvmsg, pair[1], places[i].address, MSG_DONTWAIT), -EFAULT);
    message.msg_iov = &bad;
    check("recvmsg/element-unmapped", sys(SYS_recvmsg, pair[1], &message, MSG_DONTWAIT), -EFAULT);
    message.msg_iov = (void *)kernel_half;
    check("recvmsg/vector-kernel-half", sys(SYS_recvmsg, pair[1], &message, MSG_DONTWAIT), -EFAULT);
    drain();
}

static void addresses(void)
{
    long socket = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t size = sizeof any;
    struct place places[PLACES];
    bad_places(sizeof any, places);
    // The family is there, the rest is not.
    memcpy(edge - sizeof any / 2, &any, sizeof any / 2);
    for (int i = 0; i < PLACES_TO_READ; i++) {
        check_at("bind", places[i].name, sys(SYS_bind, socket, places[i].address, sizeof any), -EFAULT);
        check_at("connect", places[i].name, sys(SYS_connect, socket, places[i].address, sizeof any), -EFAULT);
    }
    memcpy(edge - sizeof any, &any, sizeof any);
    check("bind/at-edge", sys(SYS_bind, socket, edge - sizeof any, sizeof any), 0);
    for (int i = 0; i < PLACES; i++) {
        size = sizeof any;
        check_at("getsockname", places[i].name, sys(SYS_getsockname, socket, places[i].address, &size), -EFAULT);
    }
    size = sizeof any;
    check("getsockname/at-edge", sys(SYS_getsockname, socket, edge - sizeof any, &size), 0);
    check("getsockname/length-null", sys(SYS_getsockname, socket, pages, NULL), -EFAULT);
    check("getsockname/length-unmapped", sys(SYS_getsockname, socket, pages, unmapped), -EFAULT);
    check("getsockname/length-read-only", sys(SYS_getsockname, socket, pages, readonly), -EFAULT);
    int one = 1;
    size = sizeof one;
    check("getsockopt/value-unmapped", sys(SYS_getsockopt, socket, SOL_SOCKET, SO_REUSEADDR, unmapped, &size), -EFAULT);
    check("getsockopt/length-unmapped", sys(SYS_getsockopt, socket, SOL_SOCKET, SO_REUSEADDR, &one, unmapped), -EFAULT);
    check("setsockopt/unmapped", sys(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEADDR, unmapped, 4), -EFAULT);
    check("setsockopt/over-edge", sys(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEADDR, edge - 2, 4), -EFAULT);
    check("setsockopt/kernel-half", sys(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEADDR, kernel_half, 4), -EFAULT);
    check("setsockopt/at-edge", sys(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEADDR, edge - 4, 4), 0);
}

void messages(void)
{
    sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    sending();
    receiving();
    addresses();
}
