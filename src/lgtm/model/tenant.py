"""A tenant id that is safe wherever a string is: in a path, a metric, a log line. The rules are Loki's (docs: multi-tenancy)."""

from __future__ import annotations

import re

from lgtm.errors import BadRequest

TENANT_BYTES_MAX = 150
_ALLOWED = re.compile(r"[A-Za-z0-9!\-_.*'()]")


class InvalidTenant(BadRequest):
    """The tenant id of a request cannot be one."""


class Tenant(str):
    """A checked tenant id. Raises InvalidTenant for an empty id, a character outside `A-Za-z0-9!-_.*'()`, `.`, `..` or over 150 bytes."""

    __slots__ = ()

    def __new__(cls, tenant_id: str) -> Tenant:
        if type(tenant_id) is Tenant:
            return tenant_id
        if not tenant_id:
            raise InvalidTenant("no org id")
        for character in tenant_id:
            if not _ALLOWED.match(character):
                raise InvalidTenant(f"tenant ID '{tenant_id}' contains unsupported character '{character}'")
        if len(tenant_id) > TENANT_BYTES_MAX:
            raise InvalidTenant(f"tenant ID is too long: max {TENANT_BYTES_MAX} characters")
        if tenant_id in (".", ".."):
            raise InvalidTenant("tenant ID is '.' or '..'")
        return super().__new__(cls, tenant_id)


DEFAULT_TENANT = Tenant("fake")
"""Who everybody is while authentication is off; the name is Loki's."""
