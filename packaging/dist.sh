#!/bin/sh
# The source tarball: the files that git knows, as they are now, or in an unpacked tarball those of its list.  The
# same files give the same octets, whoever makes it, when and where.  Usage: packaging/dist.sh VERSION OUTPUT.tar.gz
set -eu
LC_ALL=C
export LC_ALL

name=dnsfwd-$1
out=$2
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

# .dist goes into the tarball: the time that all files have, then their names.
if [ -e .git ]; then
	git ls-files >"$folder/names"
	date=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
	if ! git diff --quiet HEAD --; then
		echo 'dist: takes files with changes that are not committed' >&2
	fi
elif [ -e .dist ]; then
	sed 1d .dist >"$folder/names"
	date=$(sed -n 1p .dist)
else
	echo 'dist: this is neither a clone nor an unpacked tarball of dnsfwd' >&2
	exit 1
fi
# What git would leave out by its attributes, or what is gone, is no file of the tarball.
sort "$folder/names" | while IFS= read -r file; do
	[ -f "$file" ] && printf '%s\n' "$file"
done >"$folder/list"
{ echo "$date"; cat "$folder/list"; } >"$folder/.dist"

mkdir -p "$(dirname "$out")"
tar --format=gnu --mtime="@$date" --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' \
	--transform="s,^,$name/," -cf "$folder/tar" -C "$folder" .dist -C "$PWD" -T "$folder/list"
gzip -n9 <"$folder/tar" >"$out.part"
mv "$out.part" "$out"
echo "$out"
