"""How targets are asked: who asks, over which TLS, and what is left out says so."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.model.secret import Secret
from lgtm.scrape.config_http import Header, HttpConfig, TlsConfig, read_http
from lgtm.scrape.section import InvalidScrapeConfig, Section


def test_nothing_given_is_nothing_special() -> None:
    assert read_http(Section({}, "")) == HttpConfig()
    assert read_http(Section({"enable_http2": "true", "proxy_from_environment": "false"}, "")) == HttpConfig()


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


def test_tokens_of_older_files_are_authorization() -> None:
    assert read_http(Section({"bearer_token": "t"}, "")) == HttpConfig(auth_type="Bearer", credentials=Secret("t"))
    assert read_http(Section({"bearer_token_file": "t"}, "", "/etc")) == HttpConfig(auth_type="Bearer", credentials_file="/etc/t")


def test_a_user_may_stand_in_a_file() -> None:
    section = Section({"basic_auth": {"username_file": "u", "password_file": "p"}}, "", "/etc")
    assert read_http(section) == HttpConfig(username_file="/etc/u", password_file="/etc/p")


def test_further_headers_have_values_secrets_and_files() -> None:
    section = Section({"http_headers": {"X-Scope-OrgID": {"values": ["a", "b"]}, "x-key": {"secrets": ["s"], "files": ["f"]}}}, "", "/etc")
    assert read_http(section).headers == (Header("X-Scope-OrgID", ("a", "b")), Header("x-key", (), (Secret("s"),), ("/etc/f",)))
    section.end()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"oauth2": {}}, "x.oauth2: is not supported"),
        ({"proxy_url": "http://p"}, "x.proxy_url: is not supported"),
        ({"enable_http2": "2"}, "x.enable_http2: .* is not true or false"),
        ({"basic_auth": {"username": "u", "username_file": "f"}}, "x.basic_auth.username_file: at most one of"),
        ({"basic_auth": {"password_ref": "f"}}, "x.basic_auth.password_ref: is not supported: use password_file"),
        ({"bearer_token": "t", "bearer_token_file": "f"}, "x.bearer_token_file: at most one of bearer_token & bearer_token_file"),
        ({"bearer_token": "t", "basic_auth": {"username": "u"}}, "at most one of basic_auth, oauth2, bearer_token & bearer_token_file"),
        ({"bearer_token": "t", "authorization": {}}, "authorization is not compatible with bearer_token & bearer_token_file"),
        ({"http_headers": {"HOST": {"values": ["h"]}}}, 'x.http_headers.HOST: setting header "HOST" is not allowed'),
        ({"http_headers": {"a b": {"values": ["h"]}}}, 'x.http_headers.a b: "a b" is no name of a header'),
        ({"http_headers": {"a": {"value": ["h"]}}}, "x.http_headers.a.value: is no setting; did you mean values?"),
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
