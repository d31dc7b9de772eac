"""What makes no sense is refused."""

from __future__ import annotations

import pytest

from lgtm.model.tenant import InvalidTenant
from lgtm.scrape.settings import ScrapeSettings


def test_a_tenant_is_one() -> None:
    assert ScrapeSettings(tenant="team-a").tenant == "team-a"
    with pytest.raises(InvalidTenant):
        ScrapeSettings(tenant="a/b")
