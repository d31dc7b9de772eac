"""The `stats` block of an answer, with every key that Loki writes: Grafana shows `summary`, other clients decode all of it."""

from __future__ import annotations

from typing import Any

from lgtm.api.loki.engine import Stats

_CACHES = ("chunk", "index", "result", "statsResult", "volumeResult", "seriesResult", "labelResult", "instantMetricResult", "logResult", "taskResult")
_CACHE = {
    "entriesFound": 0, "entriesRequested": 0, "entriesStored": 0, "bytesReceived": 0, "bytesSent": 0, "requests": 0, "downloadTime": 0,
    "queryLengthServed": 0,
}  # fmt: skip


def stats_block(stats: Stats) -> dict[str, Any]:
    """What was read is told as the store's when any block was read, else as the ingester's: nothing is told twice."""
    return {
        "summary": _summary(stats),
        "querier": {"store": _store(stats, from_blocks=True), "querierExecTime": stats.exec_s},
        "ingester": {
            "totalReached": int(stats.head_runs > 0),
            "totalChunksMatched": stats.head_runs,
            "totalBatches": stats.head_runs,
            "totalLinesSent": 0,
            "store": _store(stats, from_blocks=False),
        },
        "cache": dict.fromkeys(_CACHES, _CACHE),
        "index": {
            "totalChunks": stats.blocks + stats.head_runs,
            "postFilterChunks": stats.blocks + stats.head_runs,
            "shardsDuration": 0,
            "usedBloomFilters": False,
            "totalStreams": stats.streams,
            "chunkRefsLookupTime": 0,
            "bloomFilterTime": 0,
        },
    }


def _summary(stats: Stats) -> dict[str, Any]:
    seconds = stats.exec_s
    return {
        "bytesProcessedPerSecond": _per_second(stats.bytes_processed, seconds),
        "linesProcessedPerSecond": _per_second(stats.lines_processed, seconds),
        "totalBytesProcessed": stats.bytes_processed,
        "totalLinesProcessed": stats.lines_processed,
        "execTime": seconds,
        "queueTime": stats.queue_s,
        "subqueries": 0,
        "splits": 1,
        "shards": 0,
        "totalEntriesReturned": stats.entries_returned,
        "totalPostFilterLines": stats.lines_post_filter,
        "totalStructuredMetadataBytesProcessed": 0,
    }


def _per_second(count: int, seconds: float) -> int:
    return int(count / seconds) if seconds > 0 else 0


def _store(stats: Stats, *, from_blocks: bool) -> dict[str, Any]:
    chunks = stats.blocks if from_blocks else 0
    told = from_blocks == (stats.blocks > 0)
    return {
        "totalChunksRef": chunks,
        "totalChunksDownloaded": chunks,
        "chunksDownloadTime": 0,
        "queryReferencedStructuredMetadata": False,
        "queryUsedV2Engine": False,
        "chunkRefsFetchTime": 0,
        "congestionControlLatency": 0,
        "pipelineWrapperFilteredLines": 0,
        "chunk": {
            "headChunkBytes": 0,
            "headChunkLines": 0,
            "decompressedBytes": stats.bytes_processed if told else 0,
            "decompressedLines": stats.lines_processed if told else 0,
            "compressedBytes": 0,
            "totalDuplicates": 0,
            "postFilterLines": stats.lines_post_filter if told else 0,
            "headChunkStructuredMetadataBytes": 0,
            "decompressedStructuredMetadataBytes": 0,
        },
    }
