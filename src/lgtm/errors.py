"""The kinds of things that go wrong, told apart by who must act.

    LgtmError
      BadRequest      the caller changes the request
      LimitExceeded   the caller slows down or asks for less (`retry_after_s` when waiting helps)
      NotFound        there is no such thing
      Unavailable     try again, or try another replica (`retry_after_s`)
      Corruption      an operator looks: stored bytes are not what was written

Packages subclass a kind, carry data as attributes and word it in `__str__`, lower case, without a full stop. One table in `api/` turns
kinds into status codes. A programming mistake is an assertion, never one of these.
"""

from __future__ import annotations


class LgtmError(Exception):
    """Root of every error this program raises on purpose."""


class BadRequest(LgtmError):
    """The request cannot be served as it is; sending it again changes nothing."""


class LimitExceeded(LgtmError):
    """A limit of the tenant or of the node was reached. `retry_after_s` is None when waiting does not help."""

    retry_after_s: float | None = None


class NotFound(LgtmError):
    """What was named does not exist."""


class Unavailable(LgtmError):
    """This node cannot do it now; a later try or another replica may."""

    retry_after_s: float | None = 1.0


class Corruption(LgtmError):
    """Stored bytes differ from what was written."""
