#!/bin/sh
# "make install" and "make uninstall": one list of what goes where serves both.  Builds nothing, so that root needs
# no compiler; starts nothing, makes no user.  Usage: packaging/install.sh install|uninstall, with the folders of
# the Makefile in the environment, and in O the one that the programs are in.
set -eu
what=$1
umask 022
cd "$(dirname "$0")/.."

# put MODE FOLDER FILE...
put() {
	mode=$1
	folder=$DESTDIR$2
	shift 2
	[ "$what" = uninstall ] || install -d "$folder"
	for file in "$@"; do
		if [ "$what" = uninstall ]; then
			rm -f "$folder/${file##*/}"
		else
			install -m "$mode" "$file" "$folder/${file##*/}"
		fi
	done
}

# The same for files that name a program, with the folder where it is.
put_with_paths() {
	put "$@"
	[ "$what" = install ] || return 0
	folder=$DESTDIR$2
	shift 2
	for file in "$@"; do
		sed -i "s,@SBINDIR@,$SBINDIR,; s,@SYSCONFDIR@,$SYSCONFDIR,; s,@DOCDIR@,$DOCDIR," "$folder/${file##*/}"
	done
}

if [ "$what" = install ] && ! { [ -x "$O/dnsfwd" ] && [ -x "$O/dnsfwdctl" ]; }; then
	echo 'nothing is built yet: make, then make install' >&2
	exit 1
fi
put 755 "$SBINDIR" "$O/dnsfwd"
put 755 "$BINDIR" "$O/dnsfwdctl"
put 644 "$DATADIR/dnsfwd" common/config/presets.conf
put 644 "$DOCDIR" README.md SECURITY.md LICENSE packaging/CHANGELOG.md dnsfwd.conf.example
put 644 "$DOCDIR/examples" packaging/grafana/dnsfwd.json packaging/prometheus/*.yml
put 644 "$MANDIR/man5" packaging/man/*.5
put 644 "$MANDIR/man8" packaging/man/*.8
put_with_paths 644 "$UNITDIR" packaging/systemd/*.service packaging/systemd/*.socket
put 644 "$SYSUSERSDIR" packaging/systemd/sysusers.d/dnsfwd.conf
put 644 "$TMPFILESDIR" packaging/systemd/tmpfiles.d/dnsfwd.conf
put 644 "$BASHDIR" packaging/completions/bash/*
put 644 "$ZSHDIR" packaging/completions/zsh/*
put 644 "$FISHDIR" packaging/completions/fish/*

# The configuration is the administrator's: it is put there once, and stays.
config=$DESTDIR$SYSCONFDIR/dnsfwd/dnsfwd.conf
if [ "$what" = install ]; then
	install -d "${config%/*}"
	[ -e "$config" ] || [ -L "$config" ] || install -m 644 dnsfwd.conf.example "$config"
else
	for folder in "$DATADIR/dnsfwd" "$DOCDIR/examples" "$DOCDIR"; do
		rmdir "$DESTDIR$folder" 2>/dev/null || true
	done
	[ ! -e "$config" ] || echo "left: $config"
fi
