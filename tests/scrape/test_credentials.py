"""Who asks: headers and contexts, with files that change."""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path

import pytest

from lgtm.model.secret import Secret
from lgtm.scrape.config_http import Header, HttpConfig, TlsConfig
from lgtm.scrape.credentials import TlsContexts, authorization, own_headers
from scrape.certificates import write_certificate


def test_nobody_is_no_header() -> None:
    assert authorization(HttpConfig()) == ""


def test_basic_is_name_and_password() -> None:
    assert authorization(HttpConfig(username="u", password=Secret("p:ä"))) == "Basic " + base64.b64encode("u:p:ä".encode()).decode()


def test_files_are_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    http = HttpConfig(auth_type="Bearer", credentials_file=str(file))
    for text in ("one", "two"):
        file.write_text(f"{text}\n")
        assert authorization(http) == f"Bearer {text}"
    assert authorization(HttpConfig(username="u", password_file=str(file))).startswith("Basic ")
    assert authorization(HttpConfig(username_file=str(file))) == "Basic " + base64.b64encode(b"two:").decode()
    file.unlink()
    with pytest.raises(OSError, match="No such file"):
        authorization(http)


def test_headers_have_what_stands_there_and_what_files_have(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(" one\n")
    http = HttpConfig(auth_type="Bearer", credentials=Secret("t"), headers=(Header("X-A", ("a", "b"), (Secret("s"),), (str(file),)), Header("X-B")))
    assert own_headers(http) == [("Authorization", "Bearer t"), ("X-A", "a"), ("X-A", "b"), ("X-A", "s"), ("X-A", "one")]
    assert own_headers(HttpConfig()) == []
    file.unlink()
    with pytest.raises(OSError, match="No such file"):
        own_headers(http)


def test_contexts_are_kept_until_a_file_changes(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    contexts = TlsContexts()
    with pytest.raises(ssl.SSLError):
        contexts.context(TlsConfig(ca_file=str(ca)))
    plain = TlsConfig(insecure_skip_verify=True, min_version="TLS12", max_version="TLS13")
    context = contexts.context(plain)
    assert contexts.context(plain) is context
    assert (context.verify_mode, context.check_hostname, context.maximum_version) == (ssl.CERT_NONE, False, ssl.TLSVersion.TLSv1_3)


def test_a_file_that_was_renewed_is_read_again(tmp_path: Path) -> None:
    ca = write_certificate(tmp_path)
    contexts = TlsContexts()
    first = contexts.context(TlsConfig(ca_file=str(ca)))
    os.utime(ca, ns=(1, 1))
    assert contexts.context(TlsConfig(ca_file=str(ca))) is not first
