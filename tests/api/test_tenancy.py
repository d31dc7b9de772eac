"""One tenant a push, named by a header that is checked before anything else."""

from __future__ import annotations

import pytest

from lgtm.api.errors import NoTenant
from lgtm.api.tenancy import TENANTS_MAX, MultipleTenants, Tenancy
from lgtm.errors import BadRequest
from lgtm.model.tenant import InvalidTenant, Tenant


@pytest.mark.parametrize(
    ("org_id", "tenant"),
    [("team-a", "team-a"), ("a!-_.*'()z", "a!-_.*'()z"), ("x" * 150, "x" * 150), ("a:metadata", "a"), ("a|a", "a"), ("a|a:b", "a")],
)
def test_a_tenant_is_read_from_the_header(org_id: str, tenant: str) -> None:
    assert Tenancy().tenant(org_id) == Tenant(tenant)


@pytest.mark.parametrize(
    ("org_id", "error", "text"),
    [
        (None, NoTenant, "no org id"),
        ("", NoTenant, "no org id"),
        (":x", NoTenant, "no org id"),
        ("a|b", MultipleTenants, "multiple org IDs present"),
        ("a|", MultipleTenants, "multiple org IDs present"),
        ("a/b", InvalidTenant, "tenant ID 'a/b' contains unsupported character '/'"),
        ("a b", InvalidTenant, "tenant ID 'a b' contains unsupported character ' '"),
        ("ü", InvalidTenant, "tenant ID 'ü' contains unsupported character 'ü'"),
        ("..", InvalidTenant, "tenant ID is '.' or '..'"),
        (".", InvalidTenant, "tenant ID is '.' or '..'"),
        ("x" * 151, InvalidTenant, "tenant ID is too long: max 150 characters"),
    ],
)
def test_anything_else_is_refused_in_lokis_words(org_id: str | None, error: type[BadRequest], text: str) -> None:
    with pytest.raises(error) as caught:
        Tenancy().tenant(org_id)
    assert str(caught.value) == text


@pytest.mark.parametrize("org_id", ["../../etc", "..%2f..%2fetc", "%252e%252e%252f", "a\\..\\b", "a\x00b", "a\nb", "../"])
def test_no_tenant_leads_out_of_its_path(org_id: str) -> None:
    with pytest.raises(InvalidTenant):
        Tenancy().tenant(org_id)


@pytest.mark.parametrize("org_id", [None, "", "team-a", "a|b", "../"])
def test_without_authentication_everybody_is_the_default(org_id: str | None) -> None:
    assert Tenancy(enabled=False).tenant(org_id) == "fake"
    assert Tenancy(enabled=False, default=Tenant("all")).tenant(org_id) == "all"


@pytest.mark.parametrize(
    ("org_id", "tenants"),
    [("a", ["a"]), ("a|b", ["a", "b"]), ("b|a|b:metadata", ["b", "a"]), ("a|a", ["a"]), ("a:x", ["a"])],
)
def test_a_read_may_ask_for_several_tenants(org_id: str, tenants: list[str]) -> None:
    assert list(Tenancy().tenants(org_id)) == tenants


@pytest.mark.parametrize(
    ("org_id", "error", "text"),
    [
        (None, NoTenant, "no org id"),
        ("", NoTenant, "no org id"),
        ("|", InvalidTenant, "no org id"),
        ("a||b", InvalidTenant, "no org id"),
        ("a|../x", InvalidTenant, "tenant ID '../x' contains unsupported character '/'"),
        ("|".join(map(str, range(TENANTS_MAX + 1))), InvalidTenant, "a read may ask for at most 64 tenants"),
    ],
)
def test_each_of_several_tenants_is_checked(org_id: str | None, error: type[BadRequest], text: str) -> None:
    with pytest.raises(error) as caught:
        Tenancy().tenants(org_id)
    assert str(caught.value) == text


def test_without_authentication_a_read_asks_for_the_default() -> None:
    assert Tenancy(enabled=False).tenants("a|b") == ("fake",)
