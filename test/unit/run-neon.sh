#!/bin/bash
# Runs the tests of kernels where this machine's own processor does not take it: the
# NEON set under an emulated 64-bit ARM, and the dispatch of an x86-64 without
# AVX.  Says what it skips where a tool is missing (Debian: apt-get install
# gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=test/unit/build
mkdir -p $out
flags=(-O3 -g -static -DHNSW_STANDALONE -Isrc -Itest/unit -Wall -Wextra -Wshadow -Werror
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -fno-math-errno)
src=(src/base/*.c src/distance/*.c)

have()
{
	local tool

	for tool; do
		if ! command -v "$tool" >/dev/null; then
			echo "skipped: no $tool"
			return 1
		fi
	done
}

# runs a test program and insists on the sets that it must print, if any
run()
{
	local want=$1 log

	shift
	log=$("$@") || { echo "$log"; return 1; }
	echo "$log"
	[ -z "$want" ] || grep -qx "sets: $want" <<<"$log" || { echo "FAILED: wanted sets: $want"; return 1; }
}

echo "# aarch64"
if have aarch64-linux-gnu-gcc qemu-aarch64; then
	for test in test_kernels test_kernels_small; do
		aarch64-linux-gnu-gcc "${flags[@]}" test/unit/$test.c "${src[@]}" -lm -o $out/${test}_aarch64
	done
	run "neon scalar" qemu-aarch64 $out/test_kernels_aarch64
	run "" qemu-aarch64 $out/test_kernels_small_aarch64
fi

echo "# x86-64 without AVX"
if [ "$(uname -m)" != x86_64 ]; then
	echo "skipped: not an x86-64"
elif have gcc qemu-x86_64; then
	for test in test_kernels test_kernels_small; do
		gcc "${flags[@]}" test/unit/$test.c "${src[@]}" -lm -o $out/${test}_x86_64
	done
	run scalar qemu-x86_64 -cpu Nehalem $out/test_kernels_x86_64
	run "" qemu-x86_64 -cpu Nehalem $out/test_kernels_small_x86_64
fi
