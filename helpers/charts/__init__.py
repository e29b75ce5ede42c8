"""A small vocabulary of figures, each one call in a cell: what is drawn, its finding as title, and whose answers it is.

    bars       numbers or shares side by side, with intervals and n
    stacked    what a whole is made of
    dots       differences and ranges with their intervals
    lines      how a number changes along another
    scatter    one number against another, for many things
    timeline   spans and moments
    waveform   a sound, with the words heard in it
    sequence   what two sides said to each other

Each takes a DataFrame or plain dictionaries and lists, writes its alt text from the numbers, shows its evidence below,
and refuses an Azure name over a stand-in's answers. Nothing global changes, and nothing here loads openai.
"""

from helpers.charts.bars import bars, dots
from helpers.charts.lines import lines
from helpers.charts.scatter import scatter
from helpers.charts.sequence import sequence
from helpers.charts.stacked import stacked
from helpers.charts.timeline import timeline
from helpers.charts.waveform import waveform

__all__ = ["bars", "dots", "lines", "scatter", "sequence", "stacked", "timeline", "waveform"]
