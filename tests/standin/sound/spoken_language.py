"""Which language a text is in, by its commonest small words: the engine that speaks has to be told."""

import re

__all__ = ["SPOKEN_LANGUAGES", "tell_language"]

# By the codes of ISO 639-1: what espeak-ng calls the language, and words that are common in it and rare in the others.
_SMALL_WORDS = {
    "en": "the and of to is in you that it for was on are with this have what how my i be not but we from",
    "es": "el los las y que es una por con para está muy cuánto cómo qué pero más este esta hay yo del al gracias",
    "fr": "le les et est une des du je vous nous il elle dans pour que qui avec sur au pas bonjour où très c'est",
    "it": "il gli e è una di che per con sono non della nel come questo questa io del molto grazie dove quanto ho",
    "pt": "o os as e é um uma de que para com não está muito eu você do da em por como obrigado onde quanto mais",
}
SPOKEN_LANGUAGES = {"en": "en-us", "es": "es", "fr": "fr-fr", "it": "it", "pt": "pt-br"}
_SETS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def tell_language(text: str) -> str:
    """One of SPOKEN_LANGUAGES; English where the text has none of the words, or as many of several languages."""
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower())
    counts = {language: sum(word in known for word in words) for language, known in _SETS.items()}
    return max(counts, key=lambda language: (counts[language], language == "en"))
