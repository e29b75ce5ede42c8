"""How well the texts of a page can be told from what is behind them, measured in the page itself."""

from typing import Any, NamedTuple

__all__ = ["Text", "find_pale", "list_texts"]

# WCAG 2.2, 1.4.3: (L1 + 0.05) / (L2 + 0.05) of the relative luminances; large is 24 px, or 18.66 px and bold.
_MEASURE = """([within, without]) => {
  const parse = text => {
    const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return [r * scale, g * scale, b * scale, a === undefined ? 1 : a];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = colour => {
    const [r, g, b] = colour.slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const texts = [];
  for (const place of document.querySelectorAll(within)) {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
      if (!words || (without && element.closest(without)) || !element.checkVisibility()) continue;
      const style = getComputedStyle(element), colour = parse(style.color), ground = behind(element);
      for (let at = element; at; at = at.parentElement) colour[3] *= Number(getComputedStyle(at).opacity);
      const [light, dark] = [luminance(over(colour, ground)), luminance(ground)].sort((a, b) => b - a);
      const size = parseFloat(style.fontSize), isBold = Number(style.fontWeight) >= 700;
      texts.push([words.slice(0, 60), (light + 0.05) / (dark + 0.05), size >= 24 || (isBold && size >= 18.66),
        luminance(ground)]);
    }
  }
  return texts;
}"""


class Text(NamedTuple):
    """contrast: 1 to 21. ground: luminance of what is behind it, 0 to 1."""

    words: str
    contrast: float
    is_large: bool
    ground: float


def list_texts(page: Any, within: str, without: str = "") -> list[Text]:
    """Every visible text inside elements that `within` selects and outside those that `without` does."""
    return [Text(*told) for told in page.evaluate(_MEASURE, [within, without])]


def find_pale(texts: list[Text]) -> list[str]:
    """Those that are paler than WCAG's level AA allows."""
    return [f"{text.contrast:.1f} {text.words}" for text in texts if text.contrast < (3 if text.is_large else 4.5)]
