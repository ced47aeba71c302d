#!/bin/bash
# The Debian package in a booted machine of its own (systemd-nspawn, without network): installed, asked, reloaded, killed,
# hung, stopped; with sockets of systemd; with systemd-resolved in front; upgraded, removed, purged.
# Needs root, systemd-container and mmdebstrap, and for the first root a Debian mirror.  Where it can't be done: says why, exit 77.
# Usage: packaging/test-nspawn.sh BUILD-FOLDER [STEP...]     (the packages are in BUILD-FOLDER/deb; steps: see the end)
set -Eeuo pipefail
build=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
work=$build/nspawn
root=$work/root
base=$work/base.tar
leader=
nspawn=

skip() {
	echo "test-nspawn: skipped: $*"
	exit 77
}
say() { printf '%s\n' "== $*"; }
good() { printf '   good: %s\n' "$*"; }
fail() {
	trap - ERR
	printf '   FAILED: %s\n' "$*" >&2
	if [ -n "$leader" ]; then
		inside systemctl status --no-pager -l dnsfwd.service dnsfwd-activated.service dnsfwd.socket >&2 || true
		inside journalctl --no-pager -n 40 -u 'dnsfwd*' -u upstream >&2 || true
	fi
	exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
trap 'stop_machine; exit 1' INT TERM
trap stop_machine EXIT

# ------------------------------------------------------------------ the machine

inside() {
	nsenter -t "$leader" -a -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive "$@"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "$what: not in time"
		sleep 0.1
	done
	good "$what"
}

boot() {
	setsid systemd-nspawn -q --register=no --keep-unit --private-network --console=pipe \
		--system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' -D "$root" -b \
		</dev/null >"$work/console" 2>&1 &
	nspawn=$!
	for _ in $(seq 300); do
		leader=$(pgrep -P "$nspawn" -x systemd | head -n 1 || true) # one before it prepares the namespaces
		[ -z "$leader" ] || break
		kill -0 "$nspawn" 2>/dev/null || break
		sleep 0.1
	done
	[ -n "$leader" ] || { cat "$work/console"; skip 'systemd-nspawn starts no machine here (above: why)'; }
	local end=$((SECONDS + 60)) state=
	while [ "$SECONDS" -lt "$end" ]; do
		state=$(inside systemctl is-system-running 2>/dev/null || true)
		case $state in
		running | degraded) break ;;
		esac
		sleep 0.2
	done
	[ "$state" = running ] || { inside systemctl --failed --no-pager >&2 || true; fail "the machine does not come up: $state"; }
	# A network that leads nowhere: resolved does not even ask 127.0.0.1 where there is none.
	inside ip link add up0 type veth peer name up1
	inside ip addr add 198.51.100.2/24 dev up0
	inside ip link set up0 up
	inside ip link set up1 up
	good "booted: $(inside systemd-analyze time | head -n 1)"
}

stop_machine() {
	[ -n "$nspawn" ] || return 0
	[ -z "$leader" ] || kill -RTMIN+4 "$leader" 2>/dev/null || true
	for _ in $(seq 150); do
		kill -0 "$nspawn" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$nspawn" 2>/dev/null || true
	wait "$nspawn" 2>/dev/null || true
	nspawn=
	leader=
}

# A root with what the package depends on, kept for the next time while that stays the same.
make_base() {
	local needed
	needed=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *\([^ (|]*\).*/\1/' | sort -u | paste -sd, -)
	needed="$needed,systemd-sysv,systemd-resolved,dbus,bind9-dnsutils,openssl,unbound,socat,iproute2,procps,lsb-base,init-system-helpers"
	if [ -e "$base" ] && [ "$(cat "$work/needed" 2>/dev/null)" = "$needed" ]; then
		return 0
	fi
	say "a root with $needed"
	mmdebstrap --quiet --variant=apt --include="$needed" bookworm "$work/new.tar" >"$work/mmdebstrap.log" 2>&1 || {
		tail -n 5 "$work/mmdebstrap.log"
		skip 'mmdebstrap makes no root: is there a Debian mirror?'
	}
	mv "$work/new.tar" "$base"
	echo "$needed" >"$work/needed"
}

fresh_root() {
	rm -rf "$root"
	mkdir -p "$root"
	tar -xf "$base" -C "$root" --numeric-owner
	# The resolver that dnsfwd asks: the test server, with a certificate of its own making.
	install -d "$root/opt/upstream"
	install -m 755 "$build/dnsfwd-testserver" "$root/opt/upstream/testserver"
	tests/server/make-certs.sh "$root/opt/upstream" >/dev/null
	chmod 644 "$root/opt/upstream/ca.pem"
	cat >"$root/etc/systemd/system/upstream.service" <<-UNIT
		[Service]
		Type=simple
		ExecStart=/opt/upstream/testserver --tls 127.0.0.1:8853 --cert /opt/upstream/server.pem --key /opt/upstream/server.key --control /run/upstream
		[Install]
		WantedBy=multi-user.target
	UNIT
	install -d "$root/etc/systemd/system/multi-user.target.wants"
	ln -s ../upstream.service "$root/etc/systemd/system/multi-user.target.wants/upstream.service"
	for unit in systemd-resolved unbound unbound-resolvconf; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
	done
	rm -f "$root/etc/resolv.conf"
	echo 'nameserver 192.0.2.53' >"$root/etc/resolv.conf"
	cp "$deb" "$root/opt/dnsfwd.deb"
}

# ------------------------------------------------------------------ what is looked at

# answers NAME DIG-OPTION...: NOERROR and at least one record.
answers() {
	local name=$1 said
	shift
	said=$(inside dig "$name" A +tries=1 +time=5 "$@" 2>&1) || return 1
	grep -q 'status: NOERROR' <<<"$said" && grep -q 'ANSWER: [1-9]' <<<"$said"
}
pid_of() { inside systemctl show -P MainPID "$1"; }
asked=0
# answered [DIG-OPTION...]: a name that was never asked for, so that no cache answers.
answered() {
	asked=$((asked + 1))
	wait_for 10 "a query is answered from upstream${1:+ ($*)}" answers "n$asked.example.com" "${@:-@127.0.0.1}"
}
port_taken() { inside ss -Hlnu 'src 127.0.0.1:53' | grep -q 127; }
# Resolved has its own way to be asked.
answered_by_resolved() {
	asked=$((asked + 1))
	wait_for 15 'resolved answers through it' inside resolvectl query --legend=no -4 "n$asked.example.net"
}
expect() {
	local what=$1
	shift
	"$@" || fail "$what"
	good "$what"
}
fails() { ! "$@" >/dev/null 2>&1; }
is() { [ "$1" = "$2" ] || { echo "   $1, not $2" >&2; return 1; }; }
configure() {
	cat >"$root/etc/dnsfwd/dnsfwd.conf" <<-CONF
		forward = [ "tls://127.0.0.1:8853#resolver.test" ]
		tls-cert-bundle = "/opt/upstream/ca.pem"
	CONF
	printf '%s\n' "$@" >>"$root/etc/dnsfwd/dnsfwd.conf"
}
# What a process may do, as the kernel says it.
capabilities() { inside sed -n "s/^CapEff:[[:space:]]*0*//p" "/proc/$(pid_of "$1")/status"; }
new_pid() {
	local now
	now=$(pid_of "$1")
	[ "$now" != 0 ] && [ "$now" != "$2" ] && inside systemctl -q is-active "$1"
}

# The same for both ways to start it, $1: reload, kill, a hang.  $2: how to ask.
misfortunes() {
	local unit=$1 ask=$2 before
	before=$(pid_of "$unit")
	configure 'log-level = "debug"'
	expect 'reloads' inside systemctl reload "$unit"
	expect 'is the same process after the reload' is "$(pid_of "$unit")" "$before"
	$ask
	configure 'no-such-option = 1'
	expect 'refuses to reload a bad configuration' fails inside systemctl -q reload "$unit"
	expect 'runs on with the old one' is "$(pid_of "$unit")" "$before"
	$ask
	configure
	inside kill -KILL "$before"
	wait_for 20 'comes back when killed' new_pid "$unit" "$before"
	$ask
	before=$(pid_of "$unit")
	inside kill -STOP "$before"
	wait_for 90 'comes back when it hangs: the watchdog fired' new_pid "$unit" "$before"
	expect 'it was the watchdog' grep -q 'Watchdog timeout' <<<"$(inside journalctl -b -u "$unit" --no-pager)"
	$ask
}

# ------------------------------------------------------------------ the steps

step_install() {
	say 'install'
	fresh_root
	boot
	inside dpkg --verify >/dev/null || true
	local resolv said
	resolv=$(sha256sum "$root/etc/resolv.conf")
	said=$(inside dpkg -i /opt/dnsfwd.deb 2>&1) || fail "dpkg -i: $said"
	expect 'names the next step' grep -q 'dnsfwdctl setup' <<<"$said"
	expect 'leaves resolv.conf alone' is "$(sha256sum "$root/etc/resolv.conf")" "$resolv"
	expect 'is enabled' inside systemctl -q is-enabled dnsfwd.service
	wait_for 10 'runs' inside systemctl -q is-active dnsfwd.service
	expect 'the socket is not enabled' fails inside systemctl -q is-enabled dnsfwd.socket
	local server
	for server in 127.0.0.1 ::1; do
		expect "answers on $server over UDP" answers localhost "@$server" +notcp
		expect "answers on $server over TCP" answers localhost "@$server" +tcp
	done
	said=$(inside dig @127.0.0.1 example.com +tries=1 +time=6 2>&1 || true)
	expect 'says why there is no answer without a network' grep -q 'EDE: ' <<<"$said"
	expect 'quad9 is the resolver' grep -q 'EDE: .*quad9' <<<"$said"
	expect 'runs as its user' is "$(inside ps -o user= -p "$(pid_of dnsfwd.service)")" dnsfwd
	expect 'has the one capability' is "$(capabilities dnsfwd.service)" 400
	expect 'its sandbox holds beneath that of the unit' grep -q 'sandbox: .*files limited .*system calls filtered' <<<"$(inside journalctl -b -u dnsfwd --no-pager)"
	inside journalctl -b -u dnsfwd --no-pager -o cat | grep 'sandbox: ' | sed 's/^/   /'
	expect 'dnsfwdctl reaches it' grep -q ' pid ' <<<"$(inside dnsfwdctl status || true)"
	expect 'the configuration is good' grep -q 'is good' <<<"$(inside dnsfwd -t)"
}

step_service() {
	say 'the service'
	configure
	inside systemctl restart dnsfwd.service
	answered
	answered @::1 +tcp
	misfortunes dnsfwd.service answered
	inside systemctl stop dnsfwd.service
	expect 'stops, and leaves the port' is "$(inside ss -Hlnu 'src 127.0.0.1:53')" ''
	expect 'without a failure' is "$(inside systemctl show -P Result dnsfwd.service)" success
	inside systemd-run -q --unit=other -p SuccessExitStatus=143 socat -u UDP4-RECV:53,bind=127.0.0.1 /dev/null
	wait_for 10 'somebody else takes the port' port_taken
	inside systemctl start dnsfwd.service 2>/dev/null || true
	expect 'says who has the port' grep -q 'cannot listen on 127.0.0.1:53: another program has this port' <<<"$(inside journalctl -b -u dnsfwd --no-pager -o cat)"
	inside systemctl stop other.service
	wait_for 20 'starts when the port is free' inside systemctl -q is-active dnsfwd.service
	answered
}

step_socket() {
	say 'with sockets of systemd'
	configure
	inside systemctl disable -q --now dnsfwd.service
	inside systemctl enable -q --now dnsfwd.socket
	answered
	expect 'has no capability' is "$(capabilities dnsfwd-activated.service)" ''
	expect 'dnsfwdctl may tell it what to do' inside dnsfwdctl log-level debug
	misfortunes dnsfwd-activated.service answered
	inside systemctl stop dnsfwd-activated.service
	answered @::1
	inside systemctl disable -q --now dnsfwd.socket
	inside systemctl stop dnsfwd-activated.service
	inside systemctl enable -q --now dnsfwd.service
	answered
}

step_resolved() {
	say 'systemd-resolved in front, DNS=127.0.0.1'
	rm "$root/etc/systemd/system/systemd-resolved.service"
	install -d "$root/etc/systemd/resolved.conf.d"
	printf '[Resolve]\nDNS=127.0.0.1\nDomains=~.\nDNSOverTLS=no\nCache=no\n' >"$root/etc/systemd/resolved.conf.d/dnsfwd.conf"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
	configure
	inside systemctl daemon-reload
	inside systemctl restart dnsfwd.service
	inside systemctl enable -q --now systemd-resolved.service
	answered_by_resolved
	misfortunes dnsfwd.service answered_by_resolved
	expect 'setup sees that nothing is left to do' inside dnsfwdctl setup
	say 'and at boot'
	stop_machine
	boot
	answered_by_resolved
	expect 'ordered before what needs names' grep -q '^nss-lookup.target$' <<<"$(inside systemctl show -P Before dnsfwd.service | tr ' ' '\n')"
}

# The init script, as on a machine without systemd.
step_init() {
	say 'the init script'
	configure
	inside systemctl stop dnsfwd.service
	local script='env SYSTEMCTL_SKIP_REDIRECT=1 /etc/init.d/dnsfwd'
	# shellcheck disable=SC2086 # words
	{
		expect 'starts' inside $script start
		expect 'says that it runs' inside $script status
		answered
		expect 'runs as its user' is "$(inside ps -o user= -C dnsfwd)" dnsfwd
		expect 'reloads' inside $script reload
		answered
		expect 'restarts' inside $script restart
		answered
		expect 'stops' inside $script stop
		expect 'is gone' is "$(inside ps -o user= -C dnsfwd || true)" ''
	}
	inside systemctl start dnsfwd.service
	answered
}

# The tests that the package brings along, by hand: what autopkgtest would do.
step_autopkgtest() {
	say 'the tests of the source package'
	configure
	inside systemctl restart dnsfwd.service
	local test said
	for test in loopback service; do
		install -m 755 "packaging/debian/tests/$test" "$root/opt/test-$test"
		said=$(inside "/opt/test-$test" 2>&1) || fail "$test: $said"
		good "$test"
	done
}

# The same package with another version, and another configuration file in it.
newer_package() {
	rm -rf "$work/newer"
	dpkg-deb -R "$deb" "$work/newer"
	sed -i 's/^Version: .*/&.1/' "$work/newer/DEBIAN/control"
	echo '# of the newer version' >>"$work/newer/etc/dnsfwd/dnsfwd.conf"
	dpkg-deb --root-owner-group -b "$work/newer" "$root/opt/newer.deb" >/dev/null
}

step_upgrade() {
	say 'upgrade, with a configuration that both sides changed'
	newer_package
	configure '# mine'
	inside systemctl restart dnsfwd.service
	local before
	before=$(pid_of dnsfwd.service)
	inside dpkg -i --force-confdef --force-confold /opt/newer.deb >"$work/upgrade.log" 2>&1 || fail "$(cat "$work/upgrade.log")"
	expect 'keeps what was changed here' grep -q '^# mine' "$root/etc/dnsfwd/dnsfwd.conf"
	expect 'puts the new one beside it' grep -q 'of the newer version' "$root/etc/dnsfwd/dnsfwd.conf.dpkg-dist"
	expect 'does not say the next step again' fails grep -q 'dnsfwdctl setup' "$work/upgrade.log"
	wait_for 10 'runs anew' new_pid dnsfwd.service "$before"
	answered
}

# A plain resolv.conf, pointed here as a user would, and brought back by the removal below.
step_setup() {
	say 'dnsfwdctl setup'
	inside systemctl disable -q --now systemd-resolved.service || true
	configure
	inside systemctl restart dnsfwd.service
	rm -f "$root/etc/resolv.conf"
	printf 'search example.org\nnameserver 192.0.2.53\n' >"$root/etc/resolv.conf"
	inside dnsfwdctl setup --apply >"$work/setup.log" || fail "$(cat "$work/setup.log")"
	expect 'points resolv.conf here' grep -q '^nameserver 127\.0\.0\.1$' "$root/etc/resolv.conf"
	expect 'names are found as programs look for them' grep -q www.example.com <<<"$(inside getent ahostsv4 www.example.com)"
}

step_remove() {
	say 'remove, purge'
	inside dpkg -r dnsfwd >/dev/null 2>&1
	expect 'what setup changed is as it was' is "$(cat "$root/etc/resolv.conf")" "$(printf 'search example.org\nnameserver 192.0.2.53')"
	expect 'stops at removal' is "$(inside ss -Hlnu 'src 127.0.0.1:53')" ''
	expect 'keeps the configuration' test -e "$root/etc/dnsfwd/dnsfwd.conf"
	inside dpkg -P dnsfwd >/dev/null 2>&1
	local left
	left=$(find "$root" -xdev \( -path "$root/proc" -o -path "$root/sys" -o -path "$root/opt" -o -path "$root/run" \
		-o -path "$root/var/log/journal" \) -prune -o -name '*dnsfwd*' -print | grep -v resolved.conf.d || true)
	expect 'leaves nothing' is "$left" ''
	expect 'no unit is left' is "$(inside systemctl list-unit-files --no-legend 'dnsfwd*' | grep -v transient || true)" ''
	expect 'the machine is well' is "$(inside systemctl --failed --no-legend)" ''
}

# ------------------------------------------------------------------ 

[ "$(id -u)" = 0 ] || skip 'needs root'
for tool in systemd-nspawn mmdebstrap nsenter dpkg-deb openssl; do
	command -v $tool >/dev/null || skip "$tool is missing: packaging/install-deps.sh package"
done
debs=("$build"/deb/dnsfwd_*.deb)
deb=${debs[0]}
[ -e "$deb" ] || { echo "test-nspawn: no package in $build/deb: make deb" >&2; exit 1; }
[ -x "$build/dnsfwd-testserver" ] || { echo 'test-nspawn: make server' >&2; exit 1; }
mkdir -p "$work"
make_base
for step in "${@:-install service socket autopkgtest resolved init upgrade setup remove}"; do
	for one in $step; do
		"step_$one"
	done
done
say 'all good'
