"""A series of numbers as a row of small bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lgtm.cli.output import label_text, one_line

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40


def spark_rows(result: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of the series of a matrix: bars from the first moment to the last, the greatest value, the last one, labels."""
    moments = sorted({float(time) for series in result for time, _ in series["values"]})
    drawn = []
    for series in result:
        values = {float(time): float(value) for time, value in series["values"]}
        known = [value for value in values.values() if not math.isnan(value)]
        greatest, last = (max(known), known[-1]) if known else (math.nan, math.nan)
        bars = sparkline([values.get(moment, math.nan) for moment in moments], min(WIDTH, len(moments)))
        drawn.append((bars, f"{greatest:.4g}", f"{last:.4g}", one_line(label_text(series["metric"]))))
    widths = [max((len(row[column]) for row in drawn), default=0) for column in (1, 2)]
    for bars, most, latest, labels in drawn:
        yield f"{bars}  max {most:>{widths[0]}}  last {latest:>{widths[1]}}  {labels}"


def sparkline(values: Sequence[float], width: int) -> str:
    """So many bars, each as high as the greatest of the values in its stretch, from 0 (or the least, where that is below) on. NaN leaves a gap."""
    stretches = [values[at * len(values) // width : (at + 1) * len(values) // width] for at in range(width)]
    heights = [max((value for value in stretch if math.isfinite(value)), default=math.nan) for stretch in stretches]
    known = [height for height in heights if not math.isnan(height)]
    least, most = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    return "".join(" " if math.isnan(height) else _bar((height - least) / ((most - least) or 1)) for height in heights)


def _bar(share: float) -> str:
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]
