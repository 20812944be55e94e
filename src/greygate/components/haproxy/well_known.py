"""What is served below /.well-known/matrix/, as files beside the configuration."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.components.component import File
from greygate.plan.plan import Plan
from greygate.site.model import Site
from greygate.spec.well_known import client_text, support_text

CLIENT = PurePosixPath("haproxy/well-known/client.json")
CLIENT_BY_ADDRESS = PurePosixPath("haproxy/well-known/client-by-address.json")
SUPPORT = PurePosixPath("haproxy/well-known/support.json")


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    support = site.support
    return (
        File(CLIENT, client_text(plan.base_url)),
        File(CLIENT_BY_ADDRESS, client_text(plan.address_url)),
        File(
            SUPPORT,
            support_text(matrix_id=support.matrix_id, email=support.email, page=support.page),
        ),
    )
