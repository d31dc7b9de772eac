"""Discovered labels → a target: defaults, relabelling, the address to ask. Rules and texts: Prometheus, scrape/target.go (Apache-2.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote as url_quote
from urllib.parse import urlencode

import xxhash

from lgtm.errors import BadRequest
from lgtm.model.labels import Labels, labels_of, quote
from lgtm.parsing.durations import format_duration, parse_duration
from lgtm.relabel.rule import relabel
from lgtm.scrape.config import ScrapeConfig

ADDRESS, SCHEME, PATH = "__address__", "__scheme__", "__metrics_path__"
INTERVAL, TIMEOUT = "__scrape_interval__", "__scrape_timeout__"
PARAM, META, RESERVED = "__param_", "__meta_", "__"
JOB, INSTANCE = "job", "instance"


class InvalidTarget(BadRequest):
    """What a discovery found cannot be asked."""


@dataclass(slots=True, frozen=True)
class Target:
    """discovered: labels before relabelling, with the defaults. labels: what every sample of it has. Equal hashes are one target."""

    discovered: Labels
    labels: Labels
    url: str
    interval_ns: int
    timeout_ns: int
    hash: int
    """64 bits of labels and URL: the same on every node."""


def discovered_labels(job: ScrapeConfig, found: Mapping[str, str]) -> dict[str, str]:
    """What a discovery says, and the job's defaults where it says nothing."""
    defaults = {
        JOB: job.job_name,
        INTERVAL: format_duration(job.interval_ns),
        TIMEOUT: format_duration(job.timeout_ns),
        PATH: job.metrics_path,
        SCHEME: job.scheme,
    }
    labels = {name: value for name, value in found.items() if value}
    for name, value in defaults.items():
        labels.setdefault(name, value)
    # The parameters are the job's, as in Prometheus; relabelling is where a target gets its own.
    labels |= {PARAM + name: values[0] for name, values in job.params if values and values[0]}
    return labels


def build_target(job: ScrapeConfig, found: Mapping[str, str]) -> Target | None:
    """None: dropped by relabelling. Raises InvalidTarget."""
    discovered = discovered_labels(job, found)
    if not "".join(part for pair in discovered.items() for part in pair).isascii():
        _check_utf8(discovered)
    labels = relabel(discovered, job.relabel)
    if labels is None:
        return None
    address = labels.get(ADDRESS, "")
    if not address:
        raise InvalidTarget("no address")
    if "/" in address:
        raise InvalidTarget(f"{quote(address)} is not a valid hostname")
    interval_ns, timeout_ns = _duration_ns(labels, INTERVAL, "scrape interval"), _duration_ns(labels, TIMEOUT, "scrape timeout")
    if timeout_ns > interval_ns:
        raise InvalidTarget(f"scrape timeout cannot be greater than scrape interval ({quote(labels[TIMEOUT])} > {quote(labels[INTERVAL])})")
    labels.setdefault(INSTANCE, address)
    url = _url(job, labels)
    public = labels_of((name, value) for name, value in labels.items() if not name.startswith(RESERVED))
    return Target(labels_of(discovered), public, url, interval_ns, timeout_ns, _hash(public, url))


def _check_utf8(labels: Mapping[str, str]) -> None:
    """JSON and YAML can say half of a surrogate pair, which nothing behind this could write."""
    for pair in labels.items():
        try:
            "".join(pair).encode()
        except UnicodeEncodeError as error:
            raise InvalidTarget(f"label {quote(pair[0])} is not valid UTF-8") from error


def _duration_ns(labels: Mapping[str, str], name: str, what: str) -> int:
    try:
        duration_ns = parse_duration(labels.get(name, ""))
    except ValueError as error:
        raise InvalidTarget(f"error parsing {what}: {error}") from error
    if not duration_ns:
        raise InvalidTarget(f"{what} cannot be 0")
    return duration_ns


def _url(job: ScrapeConfig, labels: Mapping[str, str]) -> str:
    params = {name: list(values) for name, values in job.params}
    for label, value in labels.items():
        if label.startswith(PARAM):
            params.setdefault(label.removeprefix(PARAM), [""])[:1] = [value]
    path, _, query = labels.get(PATH, "").partition("?")
    path = path if path.startswith("/") else f"/{path}"
    query = "&".join(part for part in (query, urlencode(sorted(params.items()), doseq=True)) if part)
    return f"{labels.get(SCHEME, job.scheme)}://{labels[ADDRESS]}{url_quote(path, safe='/:@!$&()*+,;=%~')}{f'?{query}' if query else ''}"


def _hash(labels: Labels, url: str) -> int:
    text = "\xff".join([*(part for pair in labels for part in pair), url])
    return int(xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")))
