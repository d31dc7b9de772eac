import pytest

from lgtm.model.tenant import DEFAULT_TENANT, TENANT_BYTES_MAX, InvalidTenant, Tenant


@pytest.mark.parametrize("text", ["a", "team-a", "A.b_C!d*e'f(g)", "x" * TENANT_BYTES_MAX, "...", "fake"])
def test_a_tenant_id_of_allowed_characters_is_kept(text: str) -> None:
    assert Tenant(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no org id"),
        ("a/b", "tenant ID 'a/b' contains unsupported character '/'"),
        ("a|b", "tenant ID 'a|b' contains unsupported character '|'"),
        ("a b", "tenant ID 'a b' contains unsupported character ' '"),
        ("é", "tenant ID 'é' contains unsupported character 'é'"),
        ("a\n", "tenant ID 'a\n' contains unsupported character '\n'"),
        (".", "tenant ID is '.' or '..'"),
        ("..", "tenant ID is '.' or '..'"),
        ("x" * (TENANT_BYTES_MAX + 1), "tenant ID is too long: max 150 characters"),
    ],
)
def test_an_id_that_is_not_safe_in_a_path_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidTenant) as caught:
        Tenant(text)
    assert str(caught.value) == reason


def test_a_checked_tenant_is_not_checked_again() -> None:
    assert Tenant(DEFAULT_TENANT) is DEFAULT_TENANT
