from pathlib import Path

import pytest
import yaml

from lgtm.app.config_docs import INTRODUCTION, page
from lgtm.app.config_load import keys, load

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_says_what_the_classes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python -m lgtm.app.config_docs > docs/configuration.md"


@pytest.mark.parametrize("key", keys().values(), ids=str)
def test_every_key_is_explained(key: object) -> None:
    assert f"| `{key}` |" in PAGE.read_text(encoding="utf-8")


def test_the_example_on_the_page_is_valid(tmp_path: Path) -> None:
    example = INTRODUCTION.split("```yaml\n")[1].split("```")[0]
    file = tmp_path / "lgtm.yaml"
    file.write_text(example)
    config = load(file, environ={"LOGS_BUCKET": "logs"})
    assert config.storage.s3.bucket == "logs"
    assert set(config.overrides) == {"team-a"} == set(yaml.safe_load(example)["overrides"])
