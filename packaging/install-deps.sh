#!/bin/sh
# Installs what is missing of the packages that building ("build"), testing ("check"), making packages and testing
# those ("package"), and testing for other machines ("cross") need.  Asks for root only when something is missing.
# Usage: packaging/install-deps.sh build [check] [package] [cross]
# The servers among them are for tests, which start their own: none is started, now or at boot.
set -eu

build="gcc make pkg-config libc6-dev libevent-dev libgnutls28-dev libc-ares-dev libconfig-dev libjson-c-dev libseccomp-dev libyaml-dev openssl bind9-dnsutils ca-certificates"
check="libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-dnspython python3-cryptography
	knot-dnsutils gnutls-bin iproute2 iptables procps busybox clang libclang-rt-14-dev cppcheck ldnsutils bind9-utils socat dnsmasq-base
	chromium libfstrm-dev fstrm-bin dnstap-ldns"
cross="mmdebstrap qemu-user-static gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu"
# Of prometheus, only promtool is used.
servers="bind9 nsd unbound dnsdist knot-resolver prometheus"
check="$check $servers"

packaging="buildah libarchive-tools makepkg pacman-package-manager musl-tools python3-yaml rpm rpmlint yamllint debhelper dh-apparmor dpkg-dev lintian autopkgtest mandoc man-db shellcheck systemd systemd-container apparmor
	bash-completion zsh fish mmdebstrap iproute2"

wanted=
for set in "$@"; do
	case $set in
	build) wanted="$wanted $build" ;;
	check) wanted="$wanted $check" ;;
	package) wanted="$wanted $packaging" ;;
	cross) wanted="$wanted $cross" ;;
	*) echo "install-deps.sh: unknown set '$set': build, check, package or cross" >&2; exit 1 ;;
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

# Packages start what they install, unless this file says no (and in containers it often does already).
policy=/usr/sbin/policy-rc.d
policy_is_ours=
remove_policy() {
	[ -z "$policy_is_ours" ] || $root rm -f "$policy"
	policy_is_ours=
}
forbid_starting() {
	[ ! -e "$policy" ] || return 0
	policy_is_ours=yes
	printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
	$root chmod 755 "$policy"
}
trap remove_policy EXIT
trap 'exit 1' INT TERM HUP

# What starts each server at boot.
unit_of() {
	case $1 in
	bind9) echo named.service ;;
	knot-resolver) echo kresd.target ;;
	*) echo "$1.service" ;;
	esac
}
new_servers=
for package in $servers; do
	case " $missing " in
	*" $package "*) new_servers="$new_servers $package" ;;
	esac
done
[ -z "$new_servers" ] || forbid_starting

install() {
	$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends $missing
}
# The list of packages may be old or not there at all.
if ! install >/dev/null 2>&1; then
	$root apt-get update -q
	install
fi
if command -v systemctl >/dev/null; then
	for package in $new_servers; do
		$root systemctl disable -q "$(unit_of "$package")" || true
	done
fi
