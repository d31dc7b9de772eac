"""`| regexp "(?P<name>…)"`: labels from the named groups of the first match."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from lgtm.logql.columns import add_parsed, parse_lines, without_replacements
from lgtm.logql.frame import LogFrame
from lgtm.logql.line_labels import LineLabels
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote
from lgtm.model.matchers import InvalidRegex, compile_regex

_GROUP_NAME = re.compile(r"\(\?P?<(\w+)>")


@dataclass(slots=True, frozen=True)
class RegexpParser:
    pattern: str

    def __post_init__(self) -> None:
        names = _GROUP_NAME.findall(self.pattern)
        for index, name in enumerate(names):
            if name in names[:index]:
                raise InvalidStage(f"invalid regexp parser: duplicate extracted label name '{name}'")
        try:
            regex = compile_regex(self.pattern)
        except InvalidRegex as error:
            raise InvalidStage(f"invalid regexp parser: {error}") from error
        if not regex.groupindex:
            raise InvalidStage("invalid regexp parser: at least one named capture must be supplied")

    def __str__(self) -> str:
        return f"| regexp {quote(self.pattern)}"

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        regex: Any = compile_regex(self.pattern)
        if regex.groups == len(regex.groupindex):
            found = pc.extract_regex(frame.line, self.pattern)
            return add_parsed(frame, {name: without_replacements(pc.struct_field(found, name)) for name in regex.groupindex})

        # The kernel takes named groups only.
        def read(line: str, labels: LineLabels) -> None:
            match = regex.search(line)
            if match is not None:
                for name in regex.groupindex:
                    labels.add(name, match[name] or "")

        return parse_lines(frame, read, "", context.needed)
