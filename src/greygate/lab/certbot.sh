# An operator's machine on which certbot is at work already, with a plug-in for zones that take
# signed updates.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get install -y --no-install-recommends certbot python3-certbot-dns-rfc2136
systemctl disable certbot.timer
apt-get clean
