"""Word error rate: how much of what was said was heard otherwise, with its parts, its interval and the words.

Counted by jiwer: the fewest words that have to be replaced, left out or put in to make one text of the other.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from helpers.errors import CourseError
from helpers.intervals import Interval, pooled_interval

__all__ = ["Step", "WordErrors", "normalise_words", "word_error_rate"]

_WIDTH = 88
_MARKS = {"equal": " ", "substitute": "S", "delete": "D", "insert": "I"}


class Step(NamedTuple):
    """One place of an alignment. kind: equal, substitute, delete (said, not heard) or insert (heard, not said)."""

    kind: str
    said: str
    heard: str


@dataclass(frozen=True)
class WordErrors:
    """What word_error_rate counted, over all recordings together. steps: the alignment of each, word by word."""

    substitutions: int
    deletions: int
    insertions: int
    hits: int
    steps: tuple[tuple[Step, ...], ...]

    @property
    def words(self) -> int:
        """How many were said."""
        return self.substitutions + self.deletions + self.hits

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors for each word that was said: 0.1 is one in ten. Above 1 where more was heard than said."""
        return self.errors / self.words

    @property
    def interval(self) -> Interval:
        """The rate and its 95 % interval, recordings drawn again and again. Raises CourseError for fewer than five."""
        wrong = [sum(step.kind != "equal" for step in steps) for steps in self.steps]
        said = [sum(step.kind != "insert" for step in steps) for steps in self.steps]
        return pooled_interval(wrong, said)

    @property
    def mistakes(self) -> list[str]:
        """What was heard wrongly, in order: "brown > brawn", "over > nothing", "nothing > that"."""
        return [
            f"{step.said or 'nothing'} > {step.heard or 'nothing'}"
            for steps in self.steps
            for step in steps
            if step.kind != "equal"
        ]

    def __str__(self) -> str:
        parts = f"{self.substitutions} substituted, {self.deletions} deleted, {self.insertions} inserted"
        return f"word error rate {self.rate:.1%}: {self.errors} of {self.words} words ({parts})"

    def align(self) -> str:
        """What was said above what was heard, S, D or I below each error; recordings without an error are left out.

        No line is longer than 88 letters; each recording has its number where there are several.
        """
        blocks = []
        for number, steps in enumerate(self.steps, 1):
            if any(step.kind != "equal" for step in steps):
                blocks += [f"recording {number}"] if len(self.steps) > 1 else []
                blocks += ["\n".join(lines) for lines in _lay_out(steps)]
        return "\n".join(blocks) or "every word was heard as it was said"


def normalise_words(text: str) -> list[str]:
    """The words of a text, as they are compared: in small letters, and without punctuation or signs such as $ and %.

    An apostrophe within a word stays, a hyphen parts two words, and accents count. Numbers stay as they are written,
    with their points and commas: "3" and "three", "1000" and "1,000" are different words. Whether an engine writes
    figures or words can so outweigh what it hears: let texts that are spoken for measuring have few numbers.
    """
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.findall(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:'[^\W_]+)*", text)


def word_error_rate(truth: str | Sequence[str], heard: str | Sequence[str]) -> WordErrors:
    """The errors in what was heard, of one recording or of several together, after normalise_words.

    truth: what was said; heard: in the same order. Several are pooled: a long recording counts for more than a short
    one. Raises CourseError where the two differ in number, or a truth has no word.
    """
    import jiwer

    said = [truth] if isinstance(truth, str) else list(truth)
    told = [heard] if isinstance(heard, str) else list(heard)
    if len(said) != len(told) or not said:
        raise CourseError(f"{len(said)} texts were said and {len(told)} heard", next="one for each, in the same order")
    pairs = [(normalise_words(one), normalise_words(other)) for one, other in zip(said, told, strict=True)]
    if empty := [number for number, (one, _) in enumerate(pairs, 1) if not one]:
        raise CourseError(f"no word was said in recording {empty[0]}", next="a text of words as truth")
    counted = jiwer.process_words([" ".join(one) for one, _ in pairs], [" ".join(other) for _, other in pairs])
    steps = tuple(
        tuple(_step(chunks, one, other)) for chunks, (one, other) in zip(counted.alignments, pairs, strict=True)
    )
    return WordErrors(counted.substitutions, counted.deletions, counted.insertions, counted.hits, steps)


def _step(chunks: Sequence[object], said: list[str], heard: list[str]) -> Iterator[Step]:
    """A step for each word, of jiwer's stretches of words of one kind."""
    for chunk in chunks:
        kind, begin, end, start, stop = (
            getattr(chunk, name) for name in ("type", "ref_start_idx", "ref_end_idx", "hyp_start_idx", "hyp_end_idx")
        )
        for place in range(max(end - begin, stop - start)):
            yield Step(
                kind,
                said[begin + place] if begin + place < end else "",
                heard[start + place] if start + place < stop else "",
            )


def _lay_out(steps: Sequence[Step]) -> Iterator[list[str]]:
    """Three lines for as many words as fit: said, heard, marks; stretches without an error are left out."""
    row = ["said ", "heard", "     "]
    for step in steps:
        said, heard = _clip(step.said or "*"), _clip(step.heard or "*")
        width = max(len(said), len(heard))
        if len(row[0]) + 1 + width > _WIDTH:
            if row[2].strip():
                yield [line.rstrip() for line in row]
            row = ["said ", "heard", "     "]
        for place, word in enumerate((said, heard, _MARKS[step.kind])):
            row[place] += f" {word:{width}}"
    if row[2].strip():
        yield [line.rstrip() for line in row]


def _clip(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:37]}..."
