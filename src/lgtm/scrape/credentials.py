"""Who asks: the header Authorization, other headers that are configured, and TLS contexts.

Files are looked at again for every request, so that what renews them is heard.
"""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path

from lgtm.scrape.config_http import HttpConfig, TlsConfig

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CONTEXTS_MAX = 100


def authorization(http: HttpConfig) -> str:
    """The value of the header, empty for none. Raises OSError when a file cannot be read."""
    if http.username or http.username_file or http.password or http.password_file:
        username = _read(http.username_file) if http.username_file else http.username
        password = _read(http.password_file) if http.password_file else http.password.reveal()
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    if http.auth_type:
        credentials = _read(http.credentials_file) if http.credentials_file else http.credentials.reveal()
        return f"{http.auth_type} {credentials}"
    return ""


def own_headers(http: HttpConfig) -> list[tuple[str, str]]:
    """All that only those should see for whom it was configured. Raises OSError when a file cannot be read."""
    header = authorization(http)
    found = [("Authorization", header)] if header else []
    for one in http.headers:
        values = [*one.values, *(secret.reveal() for secret in one.secrets), *map(_read, one.files)]
        found += [(one.name, value) for value in values]
    return found


class TlsContexts:
    """Contexts by configuration: loading the certificates of the system takes some 20 ms, so they are kept until a file changes."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[TlsConfig, tuple[int, ...]], ssl.SSLContext] = {}

    def context(self, tls: TlsConfig) -> ssl.SSLContext:
        """Raises OSError (ssl.SSLError is one) for files that cannot be read or are no certificates."""
        files = (tls.ca_file, tls.cert_file, tls.key_file)
        key = tls, tuple(os.stat(file).st_mtime_ns for file in files if file)
        if key not in self._contexts:
            if len(self._contexts) >= _CONTEXTS_MAX:
                self._contexts.clear()
            self._contexts[key] = _build(tls)
        return self._contexts[key]


def _build(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file or None, cadata=tls.ca or None)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    if tls.min_version:
        context.minimum_version = _VERSIONS[tls.min_version]
    if tls.max_version:
        context.maximum_version = _VERSIONS[tls.max_version]
    return context


def _read(file: str) -> str:
    return Path(file).read_text(encoding="utf-8").strip()
