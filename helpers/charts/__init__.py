"""A small vocabulary of figures, one call each: bars, stacked, dots, lines, scatter, timeline."""

from helpers.charts.bars import bars, dots
from helpers.charts.lines import lines
from helpers.charts.scatter import scatter
from helpers.charts.stacked import stacked
from helpers.charts.timeline import timeline

__all__ = ["bars", "dots", "lines", "scatter", "stacked", "timeline"]
