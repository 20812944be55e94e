# Somebody on the clearnet, with the tools of the curious.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends \
    python3 ca-certificates openssl curl nmap netcat-openbsd iputils-ping knot-dnsutils
apt-get clean
