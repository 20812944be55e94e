# An operator's machine on which Greygate has fetched all it needs, and started nothing.
set -eu
/root/greygate/greygate prepare
apt-get clean
