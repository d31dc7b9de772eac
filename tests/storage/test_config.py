from __future__ import annotations

from collections.abc import Callable

import pytest

from lgtm.storage.config import S3Config, StorageConfig


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: StorageConfig(store="tape"), "storage.store"),
        (lambda: StorageConfig(store="s3"), r"storage\.s3\.bucket"),
        (lambda: StorageConfig(tombstone_delay_s=1), "storage.tombstone_delay_s"),
        (lambda: S3Config(prefix="/a"), r"storage\.s3\.prefix"),
        (lambda: S3Config(prefix="a/"), r"storage\.s3\.prefix"),
        (lambda: S3Config(attempts_max=0), r"storage\.s3\.attempts_max"),
        (lambda: S3Config(threads=0), r"storage\.s3\.threads"),
        (lambda: S3Config(multipart_bytes=1), r"storage\.s3\.multipart_bytes"),
    ],
)
def test_an_impossible_setting_fails_by_name(make: Callable[[], object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make()


def test_the_defaults_are_possible() -> None:
    assert StorageConfig().store == "local"
    assert StorageConfig(store="s3", s3=S3Config(bucket="b")).s3.bucket == "b"
