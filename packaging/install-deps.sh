#!/bin/sh
# Installs what is missing of the packages that building ("build") and testing ("check") need.
# Asks for root only when something is missing.  Usage: packaging/install-deps.sh build [check]
set -eu

build="gcc make pkg-config libc6-dev libevent-dev libgnutls28-dev libc-ares-dev libconfig-dev openssl bind9-dnsutils ca-certificates"
check="libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-dnspython
	python3-cryptography knot-dnsutils gnutls-bin iproute2 iptables procps clang libclang-rt-14-dev cppcheck"

wanted=
for set in "$@"; do
	case $set in
	build) wanted="$wanted $build" ;;
	check) wanted="$wanted $check" ;;
	*) echo "install-deps.sh: unknown set '$set': build or check" >&2; exit 1 ;;
	esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "This is not Debian: the packages needed, by their names there, are:" $wanted >&2
	exit 0 # the build says what it does not find
fi

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
	case $status in
	ii*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	root=sudo
	if ! command -v sudo >/dev/null; then
		echo "As root, please: apt-get install$missing" >&2
		exit 1
	fi
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
install() {
	$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends $missing
}
# The list of packages may be old or not there at all.
install >/dev/null 2>&1 && exit 0
$root apt-get update -q
install
