# A person's machine, set up by hand as Debian's documentation says: none of our code is in it.
set -eu
export DEBIAN_FRONTEND=noninteractive
install="apt-get install -y --no-install-recommends"
apt-get update
if [ "$SUITE" = bookworm ]; then # its own Yggdrasil is 0.4, which today's network does not speak
    echo "deb $MIRROR $SUITE-backports main" >/etc/apt/sources.list.d/backports.list
    apt-get update
    $install -t "$SUITE-backports" yggdrasil
else
    $install yggdrasil
fi
systemctl enable yggdrasil # the package leaves that to the person
$install python3-venv ca-certificates iputils-ping curl netcat-openbsd
python3 -m venv /opt/people
/opt/people/bin/pip install --require-hashes --only-binary :all: --no-deps -r /root/lab/people.txt
apt-get clean
