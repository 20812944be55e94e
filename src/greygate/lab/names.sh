# The lab's name servers: Knot answers for every zone from the root down, Unbound asks it.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends knot knot-dnsutils unbound dns-root-data
cp /root/lab/unbound.conf /etc/unbound/unbound.conf
systemctl enable knot unbound
apt-get clean
