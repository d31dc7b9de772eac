"""Whose request it is: the header `X-Scope-OrgID`, checked once at the edge.

The header proves nothing. A gateway in front authenticates and sets it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.api.errors import NoTenant
from lgtm.errors import BadRequest
from lgtm.model.tenant import DEFAULT_TENANT, InvalidTenant, Tenant

ORG_ID_HEADER = "X-Scope-OrgID"
TENANTS_MAX = 64
"""That one read may ask for together."""
_SEPARATOR = "|"
_METADATA = ":"


class MultipleTenants(BadRequest):
    """Several tenants where there can be one."""

    def __str__(self) -> str:
        return "multiple org IDs present"


@dataclass(slots=True, frozen=True)
class Tenancy:
    """enabled: whether requests name their tenant. When not, the header is ignored and everybody is `default`."""

    enabled: bool = True
    default: Tenant = DEFAULT_TENANT

    def tenant(self, org_id: str | None) -> Tenant:
        """The one tenant that the header's value names. Raises NoTenant, MultipleTenants or InvalidTenant.

        What follows a colon is metadata for others, and is left out.
        """
        if not self.enabled:
            return self.default
        if not org_id:
            raise NoTenant
        first, *others = [each.partition(_METADATA)[0] for each in org_id.split(_SEPARATOR)]
        if any(other != first for other in others):
            raise MultipleTenants
        if not first:
            raise NoTenant
        return Tenant(first)

    def tenants(self, org_id: str | None) -> tuple[Tenant, ...]:
        """Those that a read asks for together, `a|b`, each once. Raises NoTenant, or InvalidTenant also for one of several that is empty."""
        if not self.enabled or not org_id or _SEPARATOR not in org_id:
            return (self.tenant(org_id),)
        names = dict.fromkeys(each.partition(_METADATA)[0] for each in org_id.split(_SEPARATOR))
        if len(names) > TENANTS_MAX:
            raise InvalidTenant(f"a read may ask for at most {TENANTS_MAX} tenants")
        return tuple(map(Tenant, names))
