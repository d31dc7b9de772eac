"""How a target, or a list of targets, is asked for over HTTP: who asks, over which TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from lgtm.model.labels import quote
from lgtm.model.secret import Secret
from lgtm.scrape.section import NO, InvalidScrapeConfig, Section

_LEFT_OUT = {
    "oauth2": "let a proxy beside this node fetch tokens, or use authorization.credentials_file with something that renews the file",
    "proxy_url": "targets are asked directly",
    "proxy_from_environment": "targets are asked directly",
    "proxy_connect_header": "targets are asked directly",
    "no_proxy": "targets are asked directly",
}
_HARMLESS = {"proxy_from_environment": NO}
_BASIC_LEFT_OUT = {"username_ref": "use username_file", "password_ref": "use password_file"}
_AUTHORIZATION_LEFT_OUT = {"credentials_ref": "use credentials_file"}
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_RESERVED = (
    "accept-encoding authorization connection content-encoding content-length content-type host keep-alive proxy-authenticate "
    "proxy-authorization user-agent www-authenticate x-amz-content-sha256 x-amz-date x-amz-security-token "
    "x-prometheus-remote-read-version x-prometheus-remote-write-version x-prometheus-scrape-timeout-seconds"
)
"""Headers that nobody configures, since whoever asks sets them itself; those of Prometheus."""
TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")


@dataclass(slots=True, frozen=True, kw_only=True)
class TlsConfig:
    ca: str = ""
    """Certificates of authorities as PEM; empty with ca_file empty: those of the system."""
    ca_file: str = ""
    cert_file: str = ""
    """Our own certificate, for targets that ask for one."""
    key_file: str = ""
    server_name: str = ""
    """Name that the certificate must have; empty: the host of the address."""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(slots=True, frozen=True)
class Header:
    """Sent once with each of the values, which stand here or are what a file has."""

    name: str
    values: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True, kw_only=True)
class HttpConfig:
    """Files with secrets are read for every request, so that they can be renewed."""

    username: str = ""
    username_file: str = ""
    password: Secret = field(default_factory=Secret)
    password_file: str = ""
    auth_type: str = ""
    """`Bearer` or another scheme; empty without authorization."""
    credentials: Secret = field(default_factory=Secret)
    credentials_file: str = ""
    headers: tuple[Header, ...] = ()
    """Further ones. They may be credentials, too, so that they are sent to whom they were configured for."""
    tls: TlsConfig = field(default_factory=TlsConfig)
    follow_redirects: bool = True


def read_http(section: Section) -> HttpConfig:
    """Takes the keys of an HTTP client out of the section of a job or of a discovery."""
    section.left_out(_LEFT_OUT, harmless=_HARMLESS)
    section.switch("enable_http2", True)  # allows it, and a server may always answer over HTTP/1.1
    if section.has("basic_auth") and section.has("authorization"):
        raise InvalidScrapeConfig(section.path, "at most one of basic_auth, oauth2 & authorization must be configured")
    bearer = _read_bearer(section)
    basic, authorization = section.section("basic_auth"), section.section("authorization")
    config = HttpConfig(
        username=basic.text("username"),
        username_file=basic.file("username_file"),
        password=basic.secret("password"),
        password_file=basic.file("password_file"),
        auth_type=authorization.text("type", "Bearer" if section.given("authorization") else "").strip(),
        credentials=authorization.secret("credentials"),
        credentials_file=authorization.file("credentials_file"),
        headers=_read_headers(section.section("http_headers")),
        tls=_read_tls(section.section("tls_config")),
        follow_redirects=section.switch("follow_redirects", True),
    )
    basic.left_out(_BASIC_LEFT_OUT)
    authorization.left_out(_AUTHORIZATION_LEFT_OUT)
    basic.end()
    authorization.end()
    if config.username and config.username_file:
        raise basic.error("username_file", "at most one of basic_auth username & username_file must be configured")
    if config.password and config.password_file:
        raise basic.error("password_file", "at most one of basic_auth password & password_file must be configured")
    if config.credentials and config.credentials_file:
        raise authorization.error("credentials_file", "at most one of authorization credentials & credentials_file must be configured")
    if config.auth_type.lower() == "basic":
        raise authorization.error("type", 'authorization type cannot be set to "basic", use "basic_auth" instead')
    return config if bearer is None else replace(config, auth_type="Bearer", credentials=bearer[0], credentials_file=bearer[1])


def _read_bearer(section: Section) -> tuple[Secret, str] | None:
    """`bearer_token` and `bearer_token_file`, which older files have for `authorization`."""
    token, file = section.secret("bearer_token"), section.file("bearer_token_file")
    if not token and not file:
        return None
    if token and file:
        raise section.error("bearer_token_file", "at most one of bearer_token & bearer_token_file must be configured")
    if section.has("basic_auth"):
        raise InvalidScrapeConfig(section.path, "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured")
    if section.has("authorization"):
        raise section.error("authorization", "authorization is not compatible with bearer_token & bearer_token_file")
    return token, file


def _read_headers(section: Section) -> tuple[Header, ...]:
    headers: list[Header] = []
    for name in section.names():
        if name.lower() in _RESERVED.split():
            raise section.error(name, f"setting header {quote(name)} is not allowed")
        if not _HEADER_NAME.fullmatch(name):
            raise section.error(name, f"{quote(name)} is no name of a header")
        one = section.section(name)
        headers.append(Header(name, one.texts("values"), tuple(map(Secret, one.texts("secrets"))), one.files("files")))
        one.end()
    return tuple(headers)


def _read_tls(section: Section) -> TlsConfig:
    section.left_out(
        {"cert": "use cert_file", "key": "use key_file", "cert_ref": "use cert_file", "key_ref": "use key_file", "ca_ref": "use ca_file"}
    )
    config = TlsConfig(
        ca=section.text("ca"),
        ca_file=section.file("ca_file"),
        cert_file=section.file("cert_file"),
        key_file=section.file("key_file"),
        server_name=section.text("server_name"),
        insecure_skip_verify=section.switch("insecure_skip_verify", False),
        min_version=section.choice("min_version", "", TLS_VERSIONS),
        max_version=section.choice("max_version", "", TLS_VERSIONS),
    )
    section.end()
    if config.ca and config.ca_file:
        raise section.error("ca_file", "at most one of ca and ca_file must be configured")
    if bool(config.cert_file) != bool(config.key_file):
        raise section.error("cert_file", "cert_file and key_file go together")
    return config
