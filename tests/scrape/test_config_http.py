"""How targets are asked: who asks, over which TLS, and what is left out says so."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.scrape.config_http import HttpConfig, TlsConfig, read_http
from lgtm.scrape.section import InvalidScrapeConfig, Section


def test_nothing_given_is_nothing_special() -> None:
    assert read_http(Section({"enable_http2": "false"}, "")) == HttpConfig()


def test_basic_auth_and_tls_are_read() -> None:
    section = Section(
        {"basic_auth": {"username": "u", "password": "p"}, "tls_config": {"ca_file": "ca.pem", "server_name": "s"}, "follow_redirects": "no"}, ""
    )
    config = read_http(section)
    section.end()
    assert (config.username, config.password.reveal(), config.follow_redirects) == ("u", "p", False)
    assert config.tls == TlsConfig(ca_file="ca.pem", server_name="s")


def test_authorization_is_bearer_unless_it_says_otherwise() -> None:
    assert read_http(Section({"authorization": {"credentials": "c"}}, "")).auth_type == "Bearer"
    assert read_http(Section({"authorization": {"type": "Token", "credentials_file": "f"}}, "")).auth_type == "Token"
    assert "c" not in str(read_http(Section({"authorization": {"credentials": "c"}}, "")).credentials)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"oauth2": {}}, "x.oauth2: is not supported"),
        ({"proxy_url": "http://p"}, "x.proxy_url: is not supported"),
        ({"enable_http2": "true"}, "x.enable_http2: is not supported"),
        ({"basic_auth": {"username": "u"}, "authorization": {"credentials": "c"}}, "at most one of basic_auth, oauth2 & authorization"),
        ({"basic_auth": {"password": "u", "password_file": "c"}}, "x.basic_auth.password_file: at most one of"),
        ({"authorization": {"credentials": "u", "credentials_file": "c"}}, "x.authorization.credentials_file: at most one of"),
        ({"authorization": {"type": "Basic"}}, 'cannot be set to "basic"'),
        ({"tls_config": {"cert": "PEM"}}, "x.tls_config.cert: is not supported: use cert_file"),
        ({"tls_config": {"cert_file": "c"}}, "cert_file and key_file go together"),
        ({"tls_config": {"ca": "a", "ca_file": "b"}}, "at most one of ca and ca_file"),
        ({"tls_config": {"min_version": "SSL3"}}, 'x.tls_config.min_version: "SSL3" is none of TLS10'),
        ({"basic_auth": {"user": "u"}}, "x.basic_auth.user: is no setting; did you mean username?"),
    ],
)
def test_what_does_not_go_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidScrapeConfig, match=message):
        read_http(Section(value, "x"))
