#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the program and its second mode for a machine: build.sh ARCH FOLDER
# Makes FOLDER/program-ARCH and FOLDER/count-ARCH, static. CC names another compiler.
set -eu

arch=$1
out=$2
here=$(dirname "$0")

if [ -z "${CC:-}" ]; then
    case $arch in
    "$(uname -m)") CC=cc ;;
    loongarch64) CC="python3 -m ziglang cc -target loongarch64-linux-musl" ;;
    *) CC=$arch-linux-gnu-gcc ;;
    esac
fi

mkdir -p "$out"
flags="-std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -pthread"
# CC may have arguments.
# shellcheck disable=SC2086
$CC $flags "$here"/src/*.c -o "$out/program-$arch"
# shellcheck disable=SC2086
$CC $flags -DCOUNT=1 "$here"/src/*.c -o "$out/count-$arch"
