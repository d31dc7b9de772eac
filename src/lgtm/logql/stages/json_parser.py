"""`| json` and `| json name="path"`: labels from lines that are JSON objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from lgtm.logql.columns import parse_lines
from lgtm.logql.fast_json import fast_json, fast_json_paths
from lgtm.logql.frame import LogFrame
from lgtm.logql.json_line import read_json, read_json_paths
from lgtm.logql.stages.extraction import Extraction, join_extractions, parse_json_path
from lgtm.logql.stages.stage import InvalidStage, StageContext

JSON_ERROR = "JSONParserErr"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        # Whoever reads __error__ makes the line reader go on to the end of the line: no line says all that is wanted then.
        wanted = context.needed
        slow = None
        if self.extractions:
            paths = {extraction.name: parse_json_path(extraction.path) for extraction in self.extractions}
            keys = {name: str(path[0]) for name, path in paths.items() if wanted is not None and name in wanted}
            if keys and all(len(paths[name]) == 1 and _IDENTIFIER.fullmatch(key) for name, key in keys.items()):
                frame, slow = fast_json_paths(frame, keys)
            return parse_lines(frame, partial(read_json_paths, paths=paths), JSON_ERROR, wanted, slow)
        if wanted is not None:
            frame, slow = fast_json(frame, wanted)
        return parse_lines(frame, read_json, JSON_ERROR, wanted, slow)
