"""`| json` and `| json name="path"`: labels from lines that are JSON objects."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.stages.extraction import Extraction, join_extractions, parse_json_path
from lgtm.logql.stages.stage import InvalidStage


@dataclass(slots=True, frozen=True)
class JsonParser:
    """Without extractions every field becomes a label, nested names joined by `_`."""

    extractions: tuple[Extraction, ...] = ()

    def __post_init__(self) -> None:
        for extraction in self.extractions:
            try:
                parse_json_path(extraction.path)
            except ValueError as error:
                raise InvalidStage(str(error), stage=str(self)) from error

    def __str__(self) -> str:
        return "| json" + join_extractions(self.extractions)
