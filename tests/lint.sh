#!/bin/sh
# What a compiler does not check by itself: the direction of the arrows, headers that stand alone, banned
# calls; then clang's warnings and cppcheck.  Prints each fault; exit 1 if there is one.
set -u
bad=0
fault() {
	echo "lint: $*" >&2
	bad=1
}

flags="-std=gnu11 -D_GNU_SOURCE -I. -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wvla -Wformat=2 -Werror"
sources=$(find common proxy -name '*.c')
headers=$(find common proxy -name '*.h')

# A lower folder never includes a higher one.  $1: folder, $2: pattern of what it may include of ours.
arrows() {
	found=$(grep -rnE '^#include "(common|proxy|tests)/' "$1" --include='*.[ch]' | grep -vE "#include \"($2)")
	[ -z "$found" ] || fault "$1 includes what is above it:
$found"
}
arrows common/base 'common/base/'
arrows common/dns 'common/(base|dns)/'
arrows common/local 'common/(base|dns|local)/'
arrows common/config 'common/(base|config|local)/'
arrows common/cache 'common/(base|dns|cache)/'
arrows proxy/upstream 'common/|proxy/(upstream|loop)'
arrows proxy/ctl 'common/|proxy/(ctl|upstream)/|proxy/(version|config_text)|proxy/client/holder'
arrows proxy/import 'common/|proxy/(import/|exit_code)'
arrows proxy/resolve 'common/|proxy/(resolve|upstream)/'
arrows proxy/client 'common/|proxy/(client|resolve|loop)|proxy/upstream/request.h'
found=$(grep -rnE '#include <(event2|gnutls|ares)' common proxy/client/quer*.c proxy/resolve \
	proxy/upstream/pool*.c proxy/upstream/upstream.c proxy/upstream/ways.c proxy/upstream/session*.c)
[ -z "$found" ] || fault "a library where it does not belong:
$found"
found=$(grep -rlE 'gnutls[_/]' proxy --include='*.[ch]' | grep -vE 'upstream/(d?tls|trust|pins|priority|verify)[a-z_]*\.[ch]|main\.c|app_ops\.c')
[ -z "$found" ] || fault "GnuTLS outside tls and the files that judge a peer: $found"
found=$(grep -rlE '#include <ares|\bares_[a-z_]+\(' common proxy --include='*.[ch]' | grep -vE '^proxy/upstream/bootstrap[a-z_]*\.[ch]')
[ -z "$found" ] || fault "c-ares outside bootstrap: $found"
found=$(grep -nE '\blog_(error|warning|info|debug|write)\(' $(find common -name '*.c' ! -name log.c ! -name log_limit.c))
[ -z "$found" ] || fault "common/ does not log:
$found"

found=$(grep -nwE 'strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok|system|popen|rand|random|usleep|sleep' \
	$sources | grep -E '\b(strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok|system|popen|rand|random|usleep|sleep)\(')
[ -z "$found" ] || fault "banned call:
$found"

for h in $headers; do
	${CC:-cc} $flags -fsyntax-only -x c "$h" || fault "$h does not stand alone"
done

if command -v clang >/dev/null; then
	clang $flags -Wconversion -Wno-unused-command-line-argument -fsyntax-only $sources || fault "clang"
	clang $flags -fsyntax-only tests/server/*.c tests/hostile/*.c || fault "clang, tests/server, tests/hostile"
fi
if command -v cppcheck >/dev/null; then
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -I. -D__GNUC__ \
		--suppress=missingIncludeSystem $sources || fault "cppcheck"
fi
# The fault suite: no number without its row, no row without its test.
python3 tests/rows.py || bad=1
if command -v mandoc >/dev/null; then
	found=$(mandoc -T lint packaging/man/* 2>/dev/null | grep -v 'referenced manual not found')
	[ -z "$found" ] || fault "manual pages:
$found"
fi
[ "$bad" = 0 ] && echo "lint: clean"
exit "$bad"
