#!/bin/sh
# The Debian packages, source and binary, into OUTPUT: from the tarball of "make dist", so from committed files, and as
# any user.  DEB_BUILD_OPTIONS is dpkg-buildpackage's, like nocheck.  Usage: packaging/deb.sh VERSION OUTPUT
set -eu
umask 022
version=$1
cd "$(dirname "$0")/.."
mkdir -p "$2"
out=$(cd "$2" && pwd)

for tool in dpkg-buildpackage dh dh_apparmor; do
	command -v $tool >/dev/null || {
		echo "make deb: $tool is missing; packaging/install-deps.sh build check package" >&2
		exit 1
	}
done

tree=$out/dnsfwd-$version
rm -rf "$tree" "$out"/dnsfwd_* "$out"/dnsfwd-dbgsym_*
packaging/dist.sh "$version" "$out/dnsfwd_$version.orig.tar.gz" >/dev/null
tar -xzf "$out/dnsfwd_$version.orig.tar.gz" -C "$out"
cp -r "$tree/packaging/debian" "$tree/debian"

# Lines of at most 79 columns, those that go on indented as the first.
fold_lines() {
	awk '{
		line = ""
		for (i = 1; i <= NF; i++) {
			if (line != "" && length(line) + length($i) > 74) { out(line); line = "" }
			line = line (line == "" ? "" : " ") $i
		}
		out(line)
	}
	function out(text) { print (text ~ /^\* / ? "  " : "    ") text }'
}

# The newest section of CHANGELOG.md, in the form that Debian wants.
date=$(sed -n 1p "$tree/.dist")
{
	# Before the first revision of a distribution's own.
	echo "dnsfwd ($version-0upstream1) unstable; urgency=medium"
	echo
	awk -v version="$version" '
		/^## / { mine = $2 == version; next }
		mine && /^- / { sub(/^- /, "  * "); print; next }
		mine && /^  / { print "  " $0 }' "$tree/packaging/CHANGELOG.md" | fold_lines
	echo
	sed -n 's/^Maintainer: / -- /p' "$tree/debian/control" | tr -d '\n'
	LC_ALL=C date -u -d "@$date" '+  %a, %d %b %Y %H:%M:%S +0000'
} >"$tree/debian/changelog"

cd "$tree"
# The variables of the make around this one are about another folder: its BUILD would be cleaned.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BUILD SAN WERROR PREFIX DESTDIR CFLAGS CPPFLAGS LDFLAGS
dpkg-buildpackage -us -uc ${DEB_BUILD_PROFILES:+-P"$DEB_BUILD_PROFILES"} >"$out/build.log" 2>&1 || {
	tail -n 40 "$out/build.log" >&2
	echo "make deb: failed; all of it is in $out/build.log" >&2
	exit 1
}
cd "$out"
rm -rf "$tree"
ls -1 "$out"/dnsfwd*.deb "$out"/dnsfwd_*.dsc
