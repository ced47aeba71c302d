#!/bin/sh
# Compiles everything against musl's headers, which is OpenWrt's and Alpine's C library.  Nothing is linked: Debian's
# GnuTLS, libevent and others are made for glibc, and only their headers serve here.
set -eu
cd "$(dirname "$0")/.."
command -v musl-gcc >/dev/null || { echo "check-musl.sh: musl-gcc is missing (Debian: musl-tools)" >&2; exit 1; }

headers=build/musl-headers
rm -rf "$headers"
mkdir -p "$headers"
for package in libevent-dev libgnutls28-dev libc-ares-dev libconfig-dev libjson-c-dev libseccomp-dev libfstrm-dev linux-libc-dev; do
	dpkg -L "$package"
done | while read -r file; do
	[ -f "$file" ] || continue
	case $file in
	/usr/include/*) ;;
	*) continue ;;
	esac
	name=${file#/usr/include/}
	name=${name#"$(gcc -print-multiarch)"/}
	mkdir -p "$headers/$(dirname "$name")"
	cp "$file" "$headers/$name"
done

bad=0
count=0
for file in $(find common proxy -name '*.c'); do
	count=$((count + 1))
	musl-gcc -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"musl"' -DCONFIG_FILE='"/etc/dnsfwd.conf"' -I. \
		-idirafter "$headers" -isystem "$headers" -Wall -Wextra -Werror -fsyntax-only "$file" || bad=$((bad + 1))
done
echo "musl: $count files, $bad with faults"
[ "$bad" = 0 ]
