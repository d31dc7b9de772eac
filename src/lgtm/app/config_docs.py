"""docs/configuration.md, written from the configuration classes: `python -m lgtm.app.config_docs > docs/configuration.md`.

A test compares the page with what this writes, so that no key can be without documentation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from lgtm.app.config_keys import Key, Section
from lgtm.app.config_load import PLACED, describe

INTRODUCTION = """\
# Configuration

`lgtm serve --config FILE` reads one YAML file. Nothing in it is required: without a file a node runs with the defaults below. What is set in
several places is taken from the last of these that sets it:

1. the default
2. the file
3. an environment variable: `LGTM_` and the path of the key in capitals with underscores, such as `LGTM_SERVER_HTTP_PORT`
4. a flag: `--set server.http_port=3101` for any key; the ones that everyone needs have flags of their own (`lgtm serve --help`)

A key that does not exist, or a value that cannot be, ends the start with the place, the full path and the nearest key that exists.
`lgtm check-config FILE` says the same without starting anything, and a running node shows at `/config` what it runs with.

In the file, `${NAME}` stands for an environment variable and `${NAME:-text}` for one with a default; `$$` is a dollar.

| kind | written as |
|---|---|
| duration | `30s`, `5m`, `1h30m`, `7d`, `2w`, `1y` |
| size | bytes, or `256KB`, `32MiB`, `1.5GiB`; KB and KiB are both 1,024 bytes |
| seconds, milliseconds | a number without a unit: the unit is in the name of the key |
| list | a YAML list; in the environment and in flags with commas |
| secret | text that is shown nowhere |

```yaml
data_dir: /var/lib/lgtm
storage:
  store: s3
  s3:
    bucket: ${LOGS_BUCKET}
    prefix: lgtm
limits:
  max_line_size: 1MiB
  retention_period: 90d
overrides:
  team-a:                        # a tenant; what is not named here stays as in limits
    ingestion_rate_bytes: 64MiB
```

There are no keys for credentials of clients: put a gateway in front that authenticates and sets `X-Scope-OrgID`.
"""


def page() -> str:
    return "\n".join([INTRODUCTION, *(line for section in describe() for line in _section(section))])


def _section(section: Section) -> Iterator[str]:
    yield f"## {'.'.join(section.path) or 'At the top'}"
    yield ""
    if section.doc:
        yield section.doc
        yield ""
    if section.keys:
        yield "| key | kind | default | |"
        yield "|---|---|---|---|"
        yield from map(_row, section.keys)
        yield ""


def _row(key: Key) -> str:
    default = f"<data_dir>/{PLACED[key.path]}" if key.path in PLACED else key.default_text
    return f"| `{key}` | {key.kind.value} | {f'`{default}`' if default else '–'} | {key.doc.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.stdout.write(page())
