"""The stages of a LogQL pipeline, one construct a file: each is a frozen value that prints as LogQL and is applied to whole columns."""

from lgtm.logql.stages.decolorize import Decolorize
from lgtm.logql.stages.drop_keep import Drop, Keep
from lgtm.logql.stages.extraction import Extraction
from lgtm.logql.stages.json_parser import JsonParser
from lgtm.logql.stages.label_filter import (
    AndFilter,
    BytesFilter,
    DurationFilter,
    IpFilter,
    LabelFilter,
    LabelFilterStage,
    NumberFilter,
    OrFilter,
    StringFilter,
)
from lgtm.logql.stages.label_format import LabelFormat, Rename, SetTemplate
from lgtm.logql.stages.line_filter import LineFilter, LineOp, LineOperand
from lgtm.logql.stages.line_format import LineFormat
from lgtm.logql.stages.logfmt_parser import LogfmtParser
from lgtm.logql.stages.pattern_parser import PatternParser
from lgtm.logql.stages.regexp_parser import RegexpParser
from lgtm.logql.stages.stage import InvalidStage, Stage, StageContext
from lgtm.logql.stages.unpack_parser import UnpackParser
from lgtm.logql.stages.unwrap import Conversion, Unwrap

__all__ = [
    "AndFilter",
    "BytesFilter",
    "Conversion",
    "Decolorize",
    "Drop",
    "DurationFilter",
    "Extraction",
    "InvalidStage",
    "IpFilter",
    "JsonParser",
    "Keep",
    "LabelFilter",
    "LabelFilterStage",
    "LabelFormat",
    "LineFilter",
    "LineFormat",
    "LineOp",
    "LineOperand",
    "LogfmtParser",
    "NumberFilter",
    "OrFilter",
    "PatternParser",
    "RegexpParser",
    "Rename",
    "SetTemplate",
    "Stage",
    "StageContext",
    "StringFilter",
    "UnpackParser",
    "Unwrap",
]
