# An ACME authority with a resolver of its own, or an acme-dns: which of them, its own disk tells.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends pebble unbound python3-dnspython ca-certificates curl
systemctl disable unbound
apt-get clean
