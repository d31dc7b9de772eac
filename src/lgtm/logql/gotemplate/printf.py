"""`printf`: a format's verbs, applied to the arguments in order or by index (`%[2]d`), with width and precision, as Go's fmt.Sprintf."""

from __future__ import annotations

from typing import Any

from lgtm.logql.gotemplate.kinds import NIL, GoInt, type_name
from lgtm.logql.gotemplate.printing import PLAIN, Flags, Output, text, write

_NUMBER_MAX = 1_000_000
"""A greater width, precision or index is taken for a mistake."""

_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}


def sprintf(template: str, args: tuple[Any, ...]) -> str:
    """Mistakes show in the text: `%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`. Raises CallError when the text gets too long."""
    return _Formatter(template, args).run()


class _Formatter:
    def __init__(self, template: str, args: tuple[Any, ...]) -> None:
        self.template, self.args = template, args
        self.out = Output()
        self.pos = 0
        self.argument = 0
        self.reordered = False
        self.after_index = False
        self.good_index = True

    def run(self) -> str:
        template, end = self.template, len(self.template)
        while self.pos < end:
            percent = template.find("%", self.pos)
            if percent < 0:
                self.out.write(template[self.pos :])
                break
            self.out.write(template[self.pos : percent])
            self.pos = percent + 1
            self.verb()
        if not self.reordered and self.argument < len(self.args):
            self.extra()
        return self.out.text()

    def verb(self) -> None:
        self.good_index, self.after_index = True, False
        given = self.flags()
        self.index()
        self.width(given)
        self.precision(given)
        if not self.after_index:
            self.index()
        if self.pos >= len(self.template):
            self.out.write("%!(NOVERB)")
            return
        verb = self.template[self.pos]
        self.pos += 1
        if verb == "%":
            self.out.write("%")
        elif not self.good_index:
            self.out.write(f"%!{verb}(BADINDEX)")
        elif self.argument >= len(self.args):
            self.out.write(f"%!{verb}(MISSING)")
        else:
            if verb == "v":
                given["sharp_v"] = given.pop("sharp", False)
                given.pop("plus", None)  # `%+v` names the fields of structs, and shows no sign.
            write(self.out, self.args[self.argument], verb, Flags(**given) if given else PLAIN)
            self.argument += 1

    def flags(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        while self.pos < len(self.template) and (name := _FLAGS.get(self.template[self.pos])):
            given[name] = True
            self.pos += 1
        return given

    def index(self) -> None:
        """`[2]`: the argument to go on with."""
        if not self.template.startswith("[", self.pos):
            return
        self.reordered = True
        close = self.template.find("]", self.pos)
        if close < 0:
            self.good_index = False
            self.pos += 1
            return
        digits = self.template[self.pos + 1 : close]
        self.pos = close + 1
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
        if 1 <= number <= len(self.args):
            self.argument, self.after_index = number - 1, True
        else:
            self.good_index = False
            self.after_index = False

    def width(self, given: dict[str, Any]) -> None:
        if self.template.startswith("*", self.pos):
            self.pos += 1
            number = self.number_argument()
            if number is None:
                self.out.write("%!(BADWIDTH)")
            else:
                given["width"] = abs(number)
                if number < 0:
                    given["minus"] = True
                    given.pop("zero", None)
            self.after_index = False
            return
        number = self.number()
        if number is not None:
            given["width"] = number
            if self.after_index:
                self.good_index = False

    def precision(self, given: dict[str, Any]) -> None:
        if not self.template.startswith(".", self.pos):
            return
        self.pos += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.template.startswith("*", self.pos):
            self.pos += 1
            number = self.number_argument()
            if number is None or number < 0:
                self.out.write("%!(BADPREC)")
            else:
                given["precision"] = number
            self.after_index = False
            return
        given["precision"] = self.number() or 0

    def number(self) -> int | None:
        """Digits at hand; a number too large eats the rest of the format."""
        begin = self.pos
        while self.pos < len(self.template) and "0" <= self.template[self.pos] <= "9":
            self.pos += 1
            if int(self.template[begin : self.pos]) > _NUMBER_MAX:
                self.pos = len(self.template)
                return None
        return int(self.template[begin : self.pos]) if self.pos > begin else None

    def number_argument(self) -> int | None:
        if self.argument >= len(self.args):
            return None
        value = self.args[self.argument]
        self.argument += 1
        is_integer = type(value) is int or isinstance(value, GoInt)
        return int(value) if is_integer and abs(value) <= _NUMBER_MAX else None

    def extra(self) -> None:
        shown = ("<nil>" if value is None or value is NIL else f"{type_name(value)}={text(value)}" for value in self.args[self.argument :])
        self.out.write("%!(EXTRA " + ", ".join(shown) + ")")
