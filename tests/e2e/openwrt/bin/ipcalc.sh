#!/usr/bin/python3
"""OpenWrt's ipcalc.sh, for one argument."""

import ipaddress
import sys

network = ipaddress.ip_interface(sys.argv[1]).network
print(f"NETWORK={network.network_address}")
print(f"PREFIX={network.prefixlen}")
