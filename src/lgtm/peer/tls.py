"""Certificates of calls between nodes: each side shows its own and demands the other's. Files are read again whenever they have changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import grpc

from lgtm.peer.config import PeerConfig


class Certificates:
    """config: with TLS. Methods block on three small files, and raise OSError when one cannot be read."""

    def __init__(self, config: PeerConfig) -> None:
        self._paths = [Path(name) for name in (config.tls_key_file, config.tls_cert_file, config.tls_ca_file)]

    def stamp(self) -> tuple[int, ...]:
        """Differs once a file has changed."""
        return tuple(os.stat(path).st_mtime_ns for path in self._paths)

    def server(self) -> Any:
        """Credentials that follow the files: each new connection sees the certificates of the moment."""
        last = [self.stamp()]

        def changed() -> Any:
            try:
                if (stamp := self.stamp()) == last[0]:
                    return None
                configuration = self._server_configuration()
            except OSError:
                return None  # a file is being replaced: the old certificates go on
            last[0] = stamp
            return configuration

        return grpc.dynamic_ssl_server_credentials(self._server_configuration(), changed, require_client_authentication=True)

    def client(self) -> Any:
        key, certificate, authority = self._read()
        return grpc.ssl_channel_credentials(root_certificates=authority, private_key=key, certificate_chain=certificate)

    def _server_configuration(self) -> Any:
        key, certificate, authority = self._read()
        return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=authority)

    def _read(self) -> tuple[bytes, bytes, bytes]:
        key, certificate, authority = (path.read_bytes() for path in self._paths)
        return key, certificate, authority
