# A network "lan" with two addresses; no other has any.
# shellcheck shell=dash
network_get_ipaddrs() {
	[ "$2" = lan ] || { eval "$1="; return 1; }
	eval "$1='192.168.1.1 192.168.2.1'"
}
network_get_subnets() {
	[ "$2" = lan ] || { eval "$1="; return 1; }
	eval "$1='192.168.1.1/24 192.168.2.1/24'"
}
