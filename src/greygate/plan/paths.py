"""Where a deployment keeps what: one tree that survives, one that lives until the next boot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

PROGRAM = PurePosixPath("/usr/local/lib/greygate")  # where the copy of our program stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The directories of one deployment; everything else on disk is named by a property."""

    state: PurePosixPath  # /var/lib/greygate, or XDG
    runtime: PurePosixPath  # /run/greygate, or XDG; sockets
    rendered: PurePosixPath  # state/rendered, or the place where a new one is being proved
    stand_in: bool = False  # loopback stands in for the overlay: the real certificates stay whole

    @classmethod
    def below(cls, state: PurePosixPath, runtime: PurePosixPath) -> Paths:
        return cls(state=state, runtime=runtime, rendered=state / "rendered")

    def proving(self) -> Paths:
        """The same deployment, its configuration read from where it is proved before use."""
        return replace(self, rendered=self.state / "rendered.new")

    def standing_in(self) -> Paths:
        """The same deployment where loopback stands in for its overlay."""
        return replace(self, stand_in=True)

    @property
    def keys(self) -> PurePosixPath:
        return self.state / "keys"

    @property
    def overlay_key(self) -> PurePosixPath:
        """Ed25519 private key of the managed node, PKCS#8 PEM; the overlay address follows it."""
        return self.keys / "overlay.pem"

    @property
    def signing_key(self) -> PurePosixPath:
        """Synapse's signing key: with the server name, what the server is to its peers."""
        return self.keys / "signing.key"

    @property
    def registration_secret(self) -> PurePosixPath:
        return self.keys / "registration.secret"

    @property
    def macaroon_secret(self) -> PurePosixPath:
        return self.keys / "macaroon.secret"

    @property
    def form_secret(self) -> PurePosixPath:
        return self.keys / "form.secret"

    @property
    def admin(self) -> PurePosixPath:
        """Greygate's own admin credential, JSON, root only."""
        return self.keys / "admin.json"

    @property
    def site_key(self) -> PurePosixPath:
        """Ed25519 private key, PKCS#8 PEM, root only: what home tells its edges it signs."""
        return self.keys / "site.pem"

    @property
    def edges(self) -> PurePosixPath:
        """At home: a directory for each edge. Root only: a token gives its edge away."""
        return self.state / "edges"

    def edge_key(self, edge_id: str) -> PurePosixPath:
        """At home: the overlay key that was made for the edge, PKCS#8 PEM."""
        return self.edges / edge_id / "overlay.pem"

    def peer_label(self, edge_id: str) -> PurePosixPath:
        """At home: by what the edge's node is asked for, behind its HAProxy; a secret."""
        return self.edges / edge_id / "peer-label"

    @property
    def joined(self) -> PurePosixPath:
        """On an edge: the token by which it joined, root only."""
        return self.state / "edge" / "token"

    def name_server_key(self, edge_id: str) -> PurePosixPath:
        """At home: the TSIG key with which the edge's name server is written."""
        return self.edges / edge_id / "name-server.tsig"

    @property
    def served_key(self) -> PurePosixPath:
        """On an edge: the same key, as its Knot reads it; Knot's alone."""
        return self.keys / "knot.conf"

    @property
    def ca_key(self) -> PurePosixPath:
        return self.certificates / "ca.key" if self.stand_in else self.keys / "ca.key"

    @property
    def certificates(self) -> PurePosixPath:
        return self.state / ("stand-in" if self.stand_in else "certs")

    @property
    def ca(self) -> PurePosixPath:
        """The site's own certificate authority, PEM: what people are asked to trust."""
        return self.certificates / "ca.pem"

    @property
    def certificate(self) -> PurePosixPath:
        """Certificate chain and key in one file, as HAProxy's `crt` wants it."""
        return self.certificates / "server.pem"

    @property
    def acme(self) -> PurePosixPath:
        """What passed between us and certificate authorities; root only."""
        return self.certificates / "acme"

    @property
    def acme_accounts(self) -> PurePosixPath:
        """Our accounts at certificate authorities, with their keys, JSON, root only."""
        return self.keys / "acme-accounts.json"

    @property
    def acme_dns(self) -> PurePosixPath:
        """The credentials of acme-dns registrations, JSON, root only."""
        return self.keys / "acme-dns.json"

    @property
    def engines(self) -> PurePosixPath:
        return self.state / "engines"

    @property
    def synapse(self) -> PurePosixPath:
        """Synapse's own state: database and media."""
        return self.state / "synapse"

    @property
    def haproxy(self) -> PurePosixPath:
        """HAProxy's own state: which sources are known."""
        return self.state / "haproxy"

    @property
    def spool(self) -> PurePosixPath:
        """What Synapse has of uploads that are under way: on this disk, not in memory or /tmp."""
        return self.state / "spool"

    @property
    def synapse_settings(self) -> PurePosixPath:
        """The operator's own settings for Synapse, *.yaml: we make the directory, and no file."""
        return self.state / "synapse.d"

    @property
    def logs(self) -> PurePosixPath:
        """Logs of the foreground; under systemd the journal has them."""
        return self.state / "logs"

    @property
    def identity(self) -> PurePosixPath:
        """Everything that makes the server itself, in one file; a stand-in has none."""
        return (self.certificates if self.stand_in else self.state) / "identity.tar"

    @property
    def site_mark(self) -> PurePosixPath:
        """The server name that this state belongs to, one line."""
        return self.state / "server-name"

    @property
    def client_socket(self) -> PurePosixPath:
        return self.runtime / "synapse" / "client.sock"

    @property
    def federation_socket(self) -> PurePosixPath:
        return self.runtime / "synapse" / "federation.sock"

    @property
    def haproxy_admin_socket(self) -> PurePosixPath:
        """HAProxy's own: whoever may write there may change all that it does."""
        return self.runtime / "haproxy" / "admin.sock"

    @property
    def overlay_admin_socket(self) -> PurePosixPath:
        return self.runtime / "yggdrasil" / "admin.sock"

    @property
    def firewall(self) -> PurePosixPath:
        """The rules as they were loaded last, and as the kernel lists them."""
        return self.runtime / "firewall"

    @property
    def supervisor(self) -> PurePosixPath:
        """Directory of the foreground supervisor: configuration, socket, pid file."""
        return self.runtime / "supervisor"
