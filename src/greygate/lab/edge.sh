# A rented machine for an edge: a minimal Debian on which the clone has run once, and what
# `edge join` would install is there already, because the lab has no package index.
set -eu
export DEBIAN_FRONTEND=noninteractive
install="apt-get install -y --no-install-recommends"
/root/greygate/greygate --version # makes its Python environment
apt-get update
if [ "$SUITE" = bookworm ]; then # its own Yggdrasil is 0.4, which today's network does not speak
    echo "deb $MIRROR $SUITE-backports main" >/etc/apt/sources.list.d/backports.list
    apt-get update
    $install -t "$SUITE-backports" yggdrasil
else
    $install yggdrasil
fi
$install haproxy knot nftables ca-certificates openssh-server
systemctl disable haproxy knot # ours runs its own
apt-get clean
