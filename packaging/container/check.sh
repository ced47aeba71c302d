#!/bin/sh
# shellcheck disable=SC2016
# Builds the image from a root made of Debian's packages, without a registry, and runs it: who it is, its
# configuration, a daemon that is asked for its figures.  Needs root, buildah and mmdebstrap.
# Usage: packaging/container/check.sh FOLDER (for all that it makes; a second run there is quicker)
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?a folder}
mirror=${MIRROR:-http://deb.debian.org/debian}
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

b() {
	buildah --root "$folder/store" --runroot "$folder/run" "$@"
}

mkdir -p "$folder"
if ! b inspect --type image docker.io/library/debian:bookworm-slim >/dev/null 2>&1; then
	mmdebstrap --quiet --variant=minbase bookworm "$folder/base.tar" "deb $mirror bookworm main"
	base=$(b from scratch)
	b add -q "$base" "$folder/base.tar" /
	b commit -q "$base" docker.io/library/debian:bookworm-slim
	b rm "$base" >/dev/null
fi
b bud -q --pull-never --network host --format docker -f packaging/container/Dockerfile -t dnsfwd .
c=$(b from localhost/dnsfwd)
trap 'b rm "$c" >/dev/null' EXIT
b run "$c" -- dnsfwd -V
b run "$c" -- sh -c 'test "$(id -u):$(id -g)" = 853:853'
b run "$c" -- dnsfwd -t -c /etc/dnsfwd/dnsfwd.conf
# Nobody is asked: what counts is that it runs as it is, and that the health check sees it.
b run "$c" -- sh -ec '
	dnsfwd --listen 127.0.0.1:0 tls://127.0.0.1:1#none.invalid &
	tries=0
	until dnsfwdctl stats >/tmp/stats 2>/dev/null; do
		tries=$((tries + 1)); [ $tries -lt 1000 ] && kill -0 $!
	done
	grep -q "^total.num.queries=0" /tmp/stats
	kill $!; wait $!'
echo "the image is good"
