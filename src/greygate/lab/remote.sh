# Somebody else's homeserver, set up by hand as Synapse's documentation says: none of our code.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends \
    nginx-light python3-venv ca-certificates iputils-ping curl netcat-openbsd
python3 -m venv /opt/synapse
/opt/synapse/bin/pip install --require-hashes --only-binary :all: --no-deps \
    -r /root/lab/synapse.txt
python3 -m venv /opt/people
/opt/people/bin/pip install --require-hashes --only-binary :all: --no-deps -r /root/lab/people.txt
useradd --system --home-dir /var/lib/matrix-synapse --create-home matrix-synapse
mkdir -p /etc/matrix-synapse/conf.d
cp /root/lab/homeserver.yaml /root/lab/log.yaml /etc/matrix-synapse/
cp /root/lab/matrix-synapse.service /etc/systemd/system/
cp /root/lab/nginx.conf /etc/nginx/sites-available/default
systemctl enable nginx matrix-synapse
apt-get clean
