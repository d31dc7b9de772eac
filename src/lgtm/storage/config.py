"""The storage section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.secret import Secret

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(slots=True, frozen=True, kw_only=True)
class S3Config:
    bucket: str = ""
    """Name of the bucket. Required when store is s3."""
    prefix: str = ""
    """Put before every key, without a slash at either end, so that a bucket can be shared."""
    region: str = ""
    """AWS region; empty: as the environment or the instance says."""
    endpoint: str = ""
    """URL of a store that speaks S3; empty: AWS."""
    access_key_id: str = ""
    """Empty, as it should be on AWS: credentials come from where boto3 finds them, the environment, files or the role of the task or instance."""
    secret_access_key: Secret = field(default_factory=Secret)
    """Goes with access_key_id."""
    path_style: bool = False
    """Name the bucket in the path instead of the host, as most other stores need."""
    storage_class: str = ""
    """Class for data files (STANDARD_IA, INTELLIGENT_TIERING, …); empty: the bucket's default."""
    connect_timeout_s: float = 3.0
    """Until a connection stands."""
    read_timeout_s: float = 30.0
    """Between two bytes of an answer."""
    attempts_max: int = 6
    """Tries of one operation, the first included."""
    backoff_first_s: float = 0.1
    """Upper bound of the random wait before the second try; doubles with each try."""
    backoff_max_s: float = 20.0
    """Upper bound that doubling ends at."""
    retries_per_s: float = 10.0
    """Retries of all operations together, on average; bursts of ten seconds' worth. A store in trouble is not asked six times as often."""
    threads: int = 16
    """Operations in flight at once."""
    multipart_bytes: int = 64 * MIB
    """Files larger than this are sent in parts of this size. S3 wants at least 5 MiB."""

    def __post_init__(self) -> None:
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError("storage.s3.access_key_id and storage.s3.secret_access_key must be set together")
        if self.prefix != self.prefix.strip("/"):
            raise ValueError("storage.s3.prefix must not begin or end with a slash")
        if self.attempts_max < 1 or self.threads < 1:
            raise ValueError("storage.s3.attempts_max and storage.s3.threads must be at least 1")
        if self.multipart_bytes < 5 * MIB:
            raise ValueError("storage.s3.multipart_bytes must be at least 5 MiB")


@dataclass(slots=True, frozen=True, kw_only=True)
class StorageConfig:
    store: str = "local"
    """Where blocks go: local, s3, or memory (gone when the process ends; for trying out)."""
    directory: str = "data/blocks"
    """Root of the local store."""
    s3: S3Config = field(default_factory=S3Config)
    cache_directory: str = "data/cache"
    """Where files of blocks in S3 are kept to be read; the local store is read in place."""
    cache_bytes_max: int = 20 * GIB
    """Disk for those files. A query needs room for the blocks it reads at once."""
    decoded_bytes_max: int = 128 * MIB
    """Memory for columns of blocks that a query has decoded, for the next one. 0 keeps none."""
    poll_interval_s: float = 30.0
    """How often the catalogue looks for blocks of other nodes. Flushed rows stay in memory for more than twice as long."""
    tombstone_delay_s: float = 3_600.0
    """How long a deleted block's files outlive its tombstone: more than the longest query and two polls."""
    index_blocks_behind_max: int = 16
    """The index object is written anew when it lacks more blocks than this; a start fetches each of those by itself."""

    def __post_init__(self) -> None:
        if self.store not in ("local", "s3", "memory"):
            raise ValueError(f"storage.store is {self.store!r}; use local, s3 or memory")
        if self.store == "s3" and not self.s3.bucket:
            raise ValueError("storage.s3.bucket is missing")
        if self.tombstone_delay_s < 2 * self.poll_interval_s:
            raise ValueError("storage.tombstone_delay_s must be at least twice storage.poll_interval_s")
