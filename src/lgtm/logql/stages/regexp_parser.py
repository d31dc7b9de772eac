"""`| regexp "(?P<name>…)"`: labels from the named groups of the first match."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lgtm.logql.stages.stage import InvalidStage
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
