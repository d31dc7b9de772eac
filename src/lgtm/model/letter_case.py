"""Lower and upper case as in Go: character by character, by simple mappings of Unicode. Python has the full ones, which know words and ligatures."""

from __future__ import annotations


def lower(text: str) -> str:
    if not text.isascii():
        # Without the rules for a sigma at the end of a word and for the dotted I.
        text = text.replace("Σ", "σ").replace("İ", "i")
    return text.lower()


def upper(text: str) -> str:
    """One that has no single capital, such as ß, stays."""
    changed = text.upper()
    return changed if len(changed) == len(text) else "".join(map(_capital, text))


def _capital(character: str) -> str:
    # Greek letters with a subscript iota become two in full; what is simple about them is how they begin a word.
    choices = (character.upper(), character.title(), character)
    return next(one for one in choices if len(one) == 1)
