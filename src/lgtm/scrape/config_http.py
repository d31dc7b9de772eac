"""How a target, or a list of targets, is asked for over HTTP: who asks, over which TLS."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.secret import Secret
from lgtm.scrape.section import NO, InvalidScrapeConfig, Section

_LEFT_OUT = {
    "oauth2": "let a proxy beside this node fetch tokens, or use authorization.credentials_file with something that renews the file",
    "proxy_url": "targets are asked directly",
    "proxy_from_environment": "targets are asked directly",
    "proxy_connect_header": "targets are asked directly",
    "no_proxy": "targets are asked directly",
    "http_headers": "only authorization and basic_auth add headers",
    "enable_http2": "targets are asked over HTTP/1.1",
    "bearer_token": "use authorization.credentials",
    "bearer_token_file": "use authorization.credentials_file",
}
_HARMLESS = {"enable_http2": NO, "proxy_from_environment": NO}
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


@dataclass(slots=True, frozen=True, kw_only=True)
class HttpConfig:
    """Files with secrets are read for every request, so that they can be renewed."""

    username: str = ""
    password: Secret = field(default_factory=Secret)
    password_file: str = ""
    auth_type: str = ""
    """`Bearer` or another scheme; empty without authorization."""
    credentials: Secret = field(default_factory=Secret)
    credentials_file: str = ""
    tls: TlsConfig = field(default_factory=TlsConfig)
    follow_redirects: bool = True


def read_http(section: Section) -> HttpConfig:
    """Takes the keys of an HTTP client out of the section of a job or of a discovery."""
    section.left_out(_LEFT_OUT, harmless=_HARMLESS)
    has_basic, has_authorization = section.has("basic_auth"), section.has("authorization")
    if has_basic and has_authorization:
        raise InvalidScrapeConfig(section.path, "at most one of basic_auth, oauth2 & authorization must be configured")
    basic, authorization = section.section("basic_auth"), section.section("authorization")
    config = HttpConfig(
        username=basic.text("username"),
        password=basic.secret("password"),
        password_file=basic.file("password_file"),
        auth_type=authorization.text("type", "Bearer" if has_authorization else "").strip(),
        credentials=authorization.secret("credentials"),
        credentials_file=authorization.file("credentials_file"),
        tls=_read_tls(section.section("tls_config")),
        follow_redirects=section.switch("follow_redirects", True),
    )
    basic.end()
    authorization.end()
    if config.password and config.password_file:
        raise basic.error("password_file", "at most one of basic_auth password & password_file must be configured")
    if config.credentials and config.credentials_file:
        raise authorization.error("credentials_file", "at most one of authorization credentials & credentials_file must be configured")
    if config.auth_type.lower() == "basic":
        raise authorization.error("type", 'authorization type cannot be set to "basic", use "basic_auth" instead')
    return config


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
