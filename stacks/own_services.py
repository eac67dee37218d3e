"""Copies of services that tenants have of their own: settings -> what each consists of.

Owns which tenant has which, and which slot it is a copy of. Leaves the host that leads there to `routing`.
"""

from collections.abc import Mapping

from components.own_service import OwnService
from infra.settings.models import StackSettings
from infra.settings.own_services import REPLICAS, copied_slot, served_alone
from infra.settings.tenants import TenantSettings
from stacks import policies
from stacks.services import Services
from stacks.tenants import Tenants


def declare(settings: StackSettings, tenants: Tenants, services: Services) -> Mapping[str, Mapping[str, OwnService]]:
    """Declare them; of closed tenants none, whose roles cannot log in, so that no pod of theirs would become ready.

    Args:
        settings: the stack's.
        tenants: what it declares of them.
        services: the environment's.

    Returns:
        Slug -> service name -> the copy.
    """
    alone = [tenant for tenant in settings.present_tenants if served_alone(tenant)]
    return {tenant.slug: _copies(settings, tenant, tenants, services) for tenant in alone}


def _copies(
    settings: StackSettings, tenant: TenantSettings, tenants: Tenants, services: Services
) -> Mapping[str, OwnService]:
    declared = tenants.with_database[tenant.slug]  # the model refuses copies of any other
    made: dict[str, OwnService] = {}
    for name in tenant.services:
        service = settings.services[name]
        assert service.port is not None  # nor does it take a worker
        callers = policies.tenants_callers(settings, service.port)
        args = services.copied(name, copied_slot(tenant, service), replicas=REPLICAS, callers=callers)
        made[name] = declared.serve(args)
    return made
