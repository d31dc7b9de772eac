"""Where the targets of a job come from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels, labels_of, quote
from lgtm.model.secret import Secret
from lgtm.scrape.config_http import HttpConfig, read_http
from lgtm.scrape.section import NO, Section

PORT_MAX = 65_535
RECORD_TYPES = ("SRV", "A", "AAAA", "MX", "NS")
_FILE = re.compile(r"[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)")


@dataclass(slots=True, frozen=True)
class StaticConfig:
    """targets: `host:port` or `host`. labels: of all of them."""

    targets: tuple[str, ...]
    labels: Labels = ()


@dataclass(slots=True, frozen=True, kw_only=True)
class FileDiscovery:
    files: tuple[str, ...]
    """Patterns; `*` only in the last part of the path."""
    refresh_ns: int = 300 * NS_PER_S
    """Files that changed are read after seconds; this is how long a change may stay unnoticed on a file system without times."""


@dataclass(slots=True, frozen=True, kw_only=True)
class HttpDiscovery:
    url: str
    refresh_ns: int = 60 * NS_PER_S
    http: HttpConfig = field(default_factory=HttpConfig)


@dataclass(slots=True, frozen=True, kw_only=True)
class DnsDiscovery:
    names: tuple[str, ...]
    type: str = "SRV"
    port: int = 0
    """For the records that have none."""
    refresh_ns: int = 30 * NS_PER_S


@dataclass(slots=True, frozen=True, kw_only=True)
class AwsAccess:
    """Empty: what the environment, the files of AWS or the role of the machine say."""

    region: str = ""
    endpoint: str = ""
    access_key: str = ""
    secret_key: Secret = field(default_factory=Secret)
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Ec2Discovery:
    access: AwsAccess = field(default_factory=AwsAccess)
    port: int = 80
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of DescribeInstances."""
    refresh_ns: int = 60 * NS_PER_S


@dataclass(slots=True, frozen=True, kw_only=True)
class EcsDiscovery:
    access: AwsAccess = field(default_factory=AwsAccess)
    clusters: tuple[str, ...] = ()
    """Names or ARNs; empty: all."""
    port: int = 80
    """For containers that map none."""
    refresh_ns: int = 60 * NS_PER_S


@dataclass(slots=True, frozen=True, kw_only=True)
class NodesDiscovery:
    """The nodes of this store themselves; no file says so."""

    refresh_ns: int = 5 * NS_PER_S


Discovery = FileDiscovery | HttpDiscovery | DnsDiscovery | Ec2Discovery | EcsDiscovery | NodesDiscovery

_ELSEWHERE = (
    "azure consul digitalocean docker dockerswarm eureka gce hetzner ionos kubernetes kuma lightsail linode marathon nerve nomad openstack "
    "ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr"
)
_INSTEAD = "write the targets into a file for file_sd_configs, or serve them for http_sd_configs"
_LEFT_OUT = {f"{name}_sd_configs": _INSTEAD for name in _ELSEWHERE.split()}
_SDK = "AWS is asked by its SDK, which takes proxies and certificates from the environment"
_HTTP = (
    "authorization basic_auth bearer_token bearer_token_file http_headers no_proxy oauth2 proxy_connect_header proxy_from_environment "
    "proxy_url tls_config"
)
_HTTP_OF_AWS = dict.fromkeys(_HTTP.split(), _SDK)


def read_static(section: Section) -> tuple[StaticConfig, ...]:
    return tuple(read_group(one) for one in section.sections("static_configs"))


def read_group(section: Section) -> StaticConfig:
    """`{targets: [...], labels: {...}}`, also in files and in answers over HTTP."""
    group = StaticConfig(section.texts("targets"), labels_of(section.pairs("labels")))
    section.end()
    for target in group.targets:
        if "/" in target:
            raise section.error("targets", f"{quote(target)} is not a valid hostname")
    return group


def read_discoveries(section: Section) -> tuple[Discovery, ...]:
    section.left_out(_LEFT_OUT)
    readers: dict[str, Callable[[Section], Discovery]] = {
        "file_sd_configs": _file,
        "http_sd_configs": _http,
        "dns_sd_configs": _dns,
        "ec2_sd_configs": _ec2,
        "ecs_sd_configs": _ecs,
        "aws_sd_configs": _aws,
    }
    found: list[Discovery] = []
    for key, read in readers.items():
        for one in section.sections(key):
            found.append(read(one))
            one.end()
    return tuple(found)


def _file(section: Section) -> FileDiscovery:
    config = FileDiscovery(files=section.files("files"), refresh_ns=section.duration_ns("refresh_interval", 300 * NS_PER_S))
    if not config.files:
        raise section.error("files", "file service discovery config must contain at least one path name")
    for name in config.files:
        if not _FILE.fullmatch(name):
            raise section.error("files", f"path name {quote(name)} is not valid for file discovery")
    return config


def _http(section: Section) -> HttpDiscovery:
    url = section.text("url")
    if not url:
        raise section.error("url", "URL is missing")
    if not url.startswith(("http://", "https://")):
        raise section.error("url", "URL scheme must be 'http' or 'https'")
    return HttpDiscovery(url=url, refresh_ns=section.duration_ns("refresh_interval", 60 * NS_PER_S), http=read_http(section))


def _dns(section: Section) -> DnsDiscovery:
    config = DnsDiscovery(
        names=section.texts("names"),
        type=section.text("type", "SRV").upper(),
        port=_port(section, 0),
        refresh_ns=section.duration_ns("refresh_interval", 30 * NS_PER_S),
    )
    if not config.names:
        raise section.error("names", "DNS-SD config must contain at least one SRV record name")
    if config.type not in RECORD_TYPES:
        raise section.error("type", f"invalid DNS-SD records type {config.type}")
    if config.type != "SRV" and not config.port:
        raise section.error("port", "a port is required in DNS-SD configs for all record types except SRV")
    return config


def _ec2(section: Section) -> Ec2Discovery:
    return Ec2Discovery(
        access=_access(section),
        port=_port(section, 80),
        filters=tuple(map(_filter, section.sections("filters"))),
        refresh_ns=section.duration_ns("refresh_interval", 60 * NS_PER_S),
    )


def _ecs(section: Section) -> EcsDiscovery:
    return EcsDiscovery(
        access=_access(section),
        clusters=section.texts("clusters"),
        port=_port(section, 80),
        refresh_ns=section.duration_ns("refresh_interval", 60 * NS_PER_S),
    )


def _aws(section: Section) -> Ec2Discovery | EcsDiscovery:
    role = section.text("role")
    if role not in ("ec2", "ecs"):
        raise section.error("role", f"{quote(role)} is not supported: there are ec2 and ecs; {_INSTEAD}")
    return _ec2(section) if role == "ec2" else _ecs(section)


def _filter(section: Section) -> tuple[str, tuple[str, ...]]:
    found = section.text("name"), section.texts("values")
    section.end()
    if not found[1]:
        raise section.error("values", "EC2 SD configuration filter values cannot be empty")
    return found


def _access(section: Section) -> AwsAccess:
    section.left_out(_HTTP_OF_AWS, harmless={"proxy_from_environment": NO})
    for key in ("enable_http2", "follow_redirects"):
        section.switch(key, True)  # the SDK knows how to speak with AWS
    access = AwsAccess(
        region=section.text("region"),
        endpoint=section.text("endpoint"),
        access_key=section.text("access_key"),
        secret_key=section.secret("secret_key"),
        profile=section.text("profile"),
        role_arn=section.text("role_arn"),
        external_id=section.text("external_id"),
    )
    if bool(access.access_key) != bool(access.secret_key):
        raise section.error("secret_key", "access_key and secret_key go together")
    return access


def _port(section: Section, default: int) -> int:
    port = section.count("port", default)
    if port > PORT_MAX:
        raise section.error("port", f"must lie between 0 and {PORT_MAX}")
    return port
