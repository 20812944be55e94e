"""The certificate in place taken into use by what runs."""

from __future__ import annotations

from greygate.home.half import Home
from greygate.run import certificate_in_use
from greygate.run.runner import runner_here


def put_in_use(home: Home) -> None:
    """Have HAProxy, where it runs, serve the certificate that is in place; nobody notices."""
    runner, paths = runner_here(home.plan, home.units), home.plan.paths
    if runner is None:
        return
    if not certificate_in_use.exchange(paths.haproxy_admin_socket, paths.certificate):
        runner.reload("haproxy")


def catch_up(home: Home) -> None:
    """The same where HAProxy serves an older one: whoever replaced it was cut short."""
    paths = home.plan.paths
    if certificate_in_use.is_old(paths.haproxy_admin_socket, paths.certificate):
        put_in_use(home)
