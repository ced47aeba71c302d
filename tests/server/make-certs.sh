#!/bin/sh
# Certificates for the test server, made on the spot: a CA of its own and a server certificate.
# usage: make-certs.sh FOLDER [SAN...]     e.g. make-certs.sh /tmp/c DNS:dns.test IP:192.0.2.1
# Writes ca.pem, ca.key, server.pem (leaf and CA), server.key.
set -eu

dir=${1:?"usage: make-certs.sh FOLDER [SAN...]"}
shift
[ $# -gt 0 ] || set -- DNS:resolver.test IP:127.0.0.1 IP:::1
san=
for name; do
	san=${san:+$san,}$name
done

mkdir -p "$dir"
cd "$dir"
export RANDFILE=/dev/null
cat >ca.cnf <<END
[req]
prompt = no
distinguished_name = dn
[dn]
CN = dnsfwd test CA
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = $san
END

key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null
}

key ca.key
key server.key
openssl req -x509 -new -config ca.cnf -extensions ca -key ca.key -sha256 -days 30 -out ca.pem
openssl req -new -config ca.cnf -key server.key -subj "/CN=dnsfwd test server" -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" \
	-sha256 -days 30 -extfile ca.cnf -extensions leaf -out leaf.pem 2>/dev/null
cat leaf.pem ca.pem >server.pem
rm -f server.csr leaf.pem ca.cnf
