"""A tenant id that is safe wherever a string is: in a path, a metric, a log line. The rules are Loki's (docs: multi-tenancy)."""

from __future__ import annotations

import re

from lgtm.errors import BadRequest

TENANT_BYTES_MAX = 150
_ALLOWED = re.compile(r"[A-Za-z0-9!\-_.*'()]")
_VALID = re.compile(rf"(?!\.\.?\Z){_ALLOWED.pattern}{{1,{TENANT_BYTES_MAX}}}")


class InvalidTenant(BadRequest):
    """The tenant id of a request cannot be one."""


class Tenant(str):
    """A checked tenant id. Raises InvalidTenant for an empty id, a character outside `A-Za-z0-9!-_.*'()`, `.`, `..` or over 150 bytes."""

    __slots__ = ()

    def __new__(cls, tenant_id: str) -> Tenant:
        if type(tenant_id) is Tenant:
            return tenant_id
        if not _VALID.fullmatch(tenant_id):
            raise InvalidTenant(_reason(tenant_id))
        return super().__new__(cls, tenant_id)


def _reason(tenant_id: str) -> str:
    """Why it is none."""
    if not tenant_id:
        return "no org id"
    for character in tenant_id:
        if not _ALLOWED.match(character):
            return f"tenant ID '{tenant_id}' contains unsupported character '{character}'"
    if len(tenant_id) > TENANT_BYTES_MAX:
        return f"tenant ID is too long: max {TENANT_BYTES_MAX} characters"
    return "tenant ID is '.' or '..'"


DEFAULT_TENANT = Tenant("fake")
"""Who everybody is while authentication is off; the name is Loki's."""
