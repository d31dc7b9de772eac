"""A process that writes a log on a real disk: `python -m support.walprocess <directory> <segment bytes>`.

Prints `opened`, then the number of each acknowledged payload, until it is killed. Numbers go on behind the highest one found.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from lgtm.wal.config import WalConfig
from lgtm.wal.disk import OsDisk
from lgtm.wal.errors import LogLocked
from lgtm.wal.log import Log

WRITERS = 4


def payload_of(number: int) -> bytes:
    return b"%d:" % number + random.Random(number).randbytes(number * 37 % 5_000)


async def main(directory: Path, segment_bytes: int) -> None:
    config = WalConfig(segment_bytes_max=segment_bytes, payload_bytes_max=8 * 1024, reserve_file=False)
    log, _ = await Log.open(OsDisk(), directory, config)
    found = [int(bytes(record.payload).split(b":")[0]) for record in log.replay()]
    print("opened", flush=True)
    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(_write(log, max(found, default=-1) + 1 + writer))


async def _write(log: Log, number: int) -> None:
    while True:
        await log.append(payload_of(number))
        print(number, flush=True)
        number += WRITERS


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
    except LogLocked as error:
        sys.exit(str(error))
