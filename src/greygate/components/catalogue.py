"""All that we run, in the order in which it should come up."""

from __future__ import annotations

from greygate.components.component import Component
from greygate.components.firewall import FIREWALL
from greygate.components.haproxy import HAPROXY
from greygate.components.keeper import KEEPER
from greygate.components.synapse import SYNAPSE
from greygate.components.yggdrasil import YGGDRASIL
from greygate.plan.plan import Plan
from greygate.site.model import Site

ALL: tuple[Component[Site, Plan], ...] = (FIREWALL, YGGDRASIL, KEEPER, SYNAPSE, HAPROXY)
