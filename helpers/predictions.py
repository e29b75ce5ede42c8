"""Guess first, then look: predict("06.tokens", question, options), and after the answer predicted("06.tokens", it).

The guess is kept by a button where the notebook runs in workbook/ and a page can show one, else by guess="German".
Without a reader, as in the checks, the question is printed and nothing is kept.
"""

import importlib.util
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from helpers.errors import CourseError
from helpers.jupyter import find_shell
from helpers.lines import fold
from helpers.memory import find_workbook, recall, remember

__all__ = ["predict", "predicted"]

_shown: dict[str, tuple[Any, Any]] = {}  # name -> (the display's handle, the widgets in it), until the result is known


def predict(name: str, question: str, options: Sequence[Any], guess: Any = None) -> None:
    """Ask for a guess before a cell is run: print the question, and show a button for each option where one can.

    name: "<notebook>.<name>", as predicted() has it. options: two or more, compared by their text. guess: one of them,
    for those who rather write it; None or ... is none. Raises CourseError for a guess that is no option.
    """
    texts = [str(option) for option in options]
    if not re.fullmatch(r"\d\d\.\w+", name) or len(set(texts)) != len(texts) or len(texts) < 2:
        raise CourseError(
            f"{name!r} is no prediction with different options",
            next='predict("06.tokens", "Which?", ["German", "English"])',
        )
    print(fold(f"{question} {', '.join(texts[:-1])} or {texts[-1]}?"))
    if guess is not None and guess is not ...:
        print(_keep(name, _find_option(str(guess), texts)))
    elif _can_show_buttons():
        _show_buttons(name, texts)


def predicted(name: str, actual: Any) -> None:
    """Print what came out beside the guess: "you said German; it was English", or "it was English" without one."""
    outcome, guess = str(actual), recall("guesses").get(name)
    _close_buttons(name, guess)
    if guess is None:
        print(f"it was {outcome}")
        return
    remember("outcomes", name, outcome)
    print(f"you said {guess}, and it was" if guess == outcome else f"you said {guess}; it was {outcome}")


def _find_option(guess: str, options: Sequence[str]) -> str:
    by_small = {option.lower(): option for option in options}
    if found := by_small.get(guess.strip().lower()):
        return found
    nearest = get_close_matches(guess.lower(), by_small, n=1, cutoff=0.3)
    raise CourseError(
        f"{guess!r} is none of the options",
        nearest=by_small[nearest[0]] if nearest else "none",
        next=" or ".join(f"guess={option!r}" for option in options),
    )


def _keep(name: str, guess: str) -> str:
    remember("guesses", name, guess)
    return f"kept: {guess}"


def _can_show_buttons() -> bool:
    """Whether a reader may sit in front of this: a kernel in workbook/. The checks and recordings run elsewhere."""
    ipython = find_shell()
    return bool(
        find_workbook() and getattr(ipython, "kernel", None) is not None and importlib.util.find_spec("ipywidgets")
    )


def _show_buttons(name: str, options: Sequence[str]) -> None:
    import ipywidgets  # late: it is loaded only where its buttons are shown
    from IPython.display import display

    said = ipywidgets.Label()
    buttons = [ipywidgets.Button(description=option, layout={"width": "auto"}) for option in options]

    def choose(guess: str, _: Any = None) -> None:
        said.value = _keep(name, guess)
        for button in buttons:
            button.icon = "check" if button.description == guess else ""

    for button in buttons:
        button.on_click(partial(choose, button.description))
    kept = recall("guesses").get(name)
    if kept is not None and kept in options:
        choose(kept)
    row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
    box = ipywidgets.VBox([row, said])
    view = box._repr_mimebundle_()
    view["text/plain"] = f"to keep a guess: predict(..., guess={options[0]!r})"  # for pages that know no widgets
    _shown[name] = display(view, raw=True, display_id=True), (box, row, said, *buttons)


def _close_buttons(name: str, guess: str | None) -> None:
    """Put plain text in their place: the result is known now, and a saved notebook cannot show widgets."""
    if name in _shown:
        handle, widgets = _shown.pop(name)
        handle.update({"text/plain": "" if guess is None else f"kept: {guess}"}, raw=True)
        for widget in widgets:
            widget.close()
