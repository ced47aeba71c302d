#!/bin/sh
# "make run": dnsfwd on 127.0.0.1:5300, in front of the embedded test resolver or of a real one.
# Usage: tests/run.sh BUILD-FOLDER [UPSTREAM]
# All that it writes is in a folder of its own, gone when it ends: an installed dnsfwd's state is another's.
set -eu

build=$1
upstream=${2:-}
listen=${LISTEN:-127.0.0.1:5300}
folder=$(mktemp -d)
server=
dnsfwd=

finish() {
	trap - EXIT INT TERM
	[ -z "$dnsfwd" ] || kill "$dnsfwd" 2>/dev/null || true
	[ -z "$dnsfwd" ] || wait "$dnsfwd" 2>/dev/null || true
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$folder"
}
trap 'finish' EXIT
trap 'finish; exit 0' INT TERM

# Waits until a file has a line that matches, or its process ($3) has ended.
await() {
	while ! grep -q "$2" "$1" 2>/dev/null; do
		kill -0 "$3" 2>/dev/null || return 1
		sleep 0.05
	done
}

bundle=
if [ -z "$upstream" ]; then
	tests/server/make-certs.sh "$folder" >/dev/null
	"$build/dnsfwd-testserver" --tls 127.0.0.1:0 --cert "$folder/server.pem" \
		--key "$folder/server.key" --control "$folder/control" >"$folder/addresses" &
	server=$!
	await "$folder/addresses" tls "$server" || { echo "the embedded resolver did not start" >&2; exit 1; }
	upstream="tls://$(sed 's/.*"tls":\["\([^"]*\)".*/\1/' "$folder/addresses")#resolver.test"
	bundle="tls-cert-bundle = \"$folder/ca.pem\""
	echo "embedded resolver (own CA, made just now): $upstream"
fi

cat >"$folder/dnsfwd.conf" <<CONF
listen = [ "$listen" ]
forward = [ "$upstream" ]
$bundle
state-dir = "$folder"
control = "$folder/control.sock"
log-queries = true
CONF

mkfifo "$folder/pipe"
tee "$folder/log" <"$folder/pipe" >&2 &
"$build/dnsfwd" -c "$folder/dnsfwd.conf" 2>"$folder/pipe" &
dnsfwd=$!
if ! await "$folder/log" ' ready: ' "$dnsfwd"; then
	wait "$dnsfwd" || code=$?
	dnsfwd=
	echo "dnsfwd did not start" >&2
	exit "${code:-1}"
fi

host=${listen%:*}
port=${listen##*:}
echo
echo "\$ dig @$host -p $port example.com"
dig "@$host" -p "$port" example.com +noall +comments +answer || true
await "$folder/log" 'query example.com' "$dnsfwd" || true
echo "On the wire (from dnsfwd's own log):"
sed -n 's/.*upstream .*: connected, \(.*\), authenticated, \(.*\)/  session   \1, certificate verified, handshake \2/p' "$folder/log"
sed -n 's/.*query example.com.*, \([0-9.]* ms\), upstream=\([^ ]*\) [^ ]* sent=\([0-9]*\) received=\([0-9]*\).*/  upstream  \2\n  query     \3 octets, padded\n  answer    \4 octets\n  time      \1/p' "$folder/log"
echo
echo "dnsfwd stays up until Ctrl-C.  Ask it:  dig @$host -p $port www.example.com"
echo "Look into it:  $build/dnsfwdctl -s $folder/control.sock status"
wait "$dnsfwd" || true
