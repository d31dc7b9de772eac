from dataclasses import dataclass, field

import pytest

from lgtm.app.config_keys import field_docs, sections
from lgtm.app.config_values import Kind


@dataclass(slots=True, frozen=True)
class Inner:
    wait_ns: int = 90_000_000_000
    """How long."""


@dataclass(slots=True, frozen=True)
class Outer:
    # --- a comment between fields changes nothing
    names: tuple[str, ...] = ("a", "b")
    """What they
    are called."""
    inner: Inner = field(default_factory=Inner)
    """Within."""


@dataclass(slots=True, frozen=True)
class Silent:
    size: int = 1


def test_keys_carry_path_kind_default_variable_and_the_text_below_the_field() -> None:
    outer, inner = sections(Outer)
    (names,), (wait,) = outer.keys, inner.keys
    assert (str(names), names.kind, names.default_text, names.doc) == ("names", Kind.LIST, "a, b", "What they are called.")
    assert (str(wait), wait.field, wait.default_text, wait.variable) == ("inner.wait", "wait_ns", "1m30s", "LGTM_INNER_WAIT")
    assert (inner.path, inner.doc) == (("inner",), "Within.")


def test_a_field_without_documentation_is_a_mistake_of_ours() -> None:
    assert field_docs(Silent) == {}
    with pytest.raises(TypeError, match=r"Silent\.size is not documented"):
        list(sections(Silent))
