#!/bin/sh
# Builds for another machine and runs its unit tests and fuzz corpora under qemu's user emulation: big-endian
# and 32-bit routers are only ever met there.  Usage: packaging/check-cross.sh armhf|s390x ...
# Needs mmdebstrap, qemu-user-static and Debian's cross compilers ("install-deps.sh cross"); the libraries of
# that machine are unpacked into build/cross/ARCH-root, none is installed.
set -eu
cd "$(dirname "$0")/.."

libraries=libcmocka-dev,libevent-dev,libgnutls28-dev,libc-ares-dev,libconfig-dev,libjson-c-dev,libseccomp-dev,libc6-dev
mirror=${MIRROR:-http://deb.debian.org/debian}
jobs=${JOBS:-$(nproc)}

triplet_of() {
	case $1 in
	armhf) echo arm-linux-gnueabihf ;;
	s390x) echo s390x-linux-gnu ;;
	*) echo "check-cross.sh: unknown machine '$1': armhf or s390x" >&2; return 1 ;;
	esac
}

emulator_of() {
	case $1 in
	armhf) echo qemu-arm-static ;;
	*) echo "qemu-$1-static" ;;
	esac
}

make_root() { # machine, folder
	[ ! -e "$2/.whole" ] || return 0
	rm -rf "$2"
	mmdebstrap --quiet --arch="$1" --variant=extract --include="$libraries" bookworm "$2" \
		"deb $mirror bookworm main"
	: >"$2/.whole"
}

# What goes onto a router.  The bound is for Thumb-2, which most that have little room speak or are like.
check_small() { # machine; in the environment of check
	make --no-print-directory -j "$jobs" WERROR=1 SMALL=1 SECCOMP=0 BUILD="build/cross/$1" AR="$triplet-ar" \
		CC="$triplet-gcc --sysroot=$root" "build/cross/$1/small/dnsfwd"
	"$triplet-strip" -o "build/cross/$1/small/dnsfwd.stripped" "build/cross/$1/small/dnsfwd"
	size=$(wc -c <"build/cross/$1/small/dnsfwd.stripped")
	echo "$1: SMALL=1 SECCOMP=0 stripped: $size octets"
	[ "$1" != armhf ] || [ "$size" -le 250000 ] || { echo "check-cross.sh: that is more than 250000" >&2; return 1; }
}

check() { # machine
	triplet=$(triplet_of "$1")
	root=$PWD/build/cross/$1-root
	mkdir -p build/cross
	make_root "$1" "$root"
	PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig
	PKG_CONFIG_SYSROOT_DIR=$root
	export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
	make --no-print-directory -j "$jobs" WERROR=1 BUILD="build/cross/$1" AR="$triplet-ar" \
		CC="$triplet-gcc --sysroot=$root" RUN="$(emulator_of "$1") -L $root" all check-unit check-fuzz
	"$triplet-strip" -o "build/cross/$1/dnsfwd.stripped" "build/cross/$1/dnsfwd"
	echo "$1: passed; dnsfwd stripped: $(wc -c <"build/cross/$1/dnsfwd.stripped") octets"
	check_small "$1"
}

[ $# -gt 0 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
for machine; do
	check "$machine"
done
