"""Integer arithmetic as the demo models see it: expressions, and the scratchpad that works them out.

A scratchpad goes from left to right. Each product and each power gets a line of its own, then a line adds it to the
running total or takes it away. Sums, differences and products are worked digit by digit from the lowest digit up,
because a model this small cannot do a whole one in a single step.
"""

import random
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

# Powers a problem may contain: for each base the highest exponent. None is above 10^5.
HIGHEST_EXPONENT = {2: 12, 3: 8, 4: 6, 5: 5, 6: 4, 7: 4, 8: 4, 9: 4, 10: 5} | dict.fromkeys(range(11, 21), 2)
POWERS = [(base, exponent) for base, highest in HIGHEST_EXPONENT.items() for exponent in range(2, highest + 1)]


@dataclass(frozen=True)
class Term:
    """One signed term of an expression: `left` alone, `left ^ right` or `left * right`."""

    sign: Literal["+", "-"]
    kind: Literal["number", "power", "product"]
    left: int
    right: int = 0

    @property
    def value(self) -> int:
        """The term without its sign."""
        if self.kind == "power":
            return self.left**self.right
        if self.kind == "product":
            return self.left * self.right
        return self.left


@dataclass(frozen=True)
class Style:
    """How an expression is written."""

    times: str
    power: str
    space: str


def advance(total: int, term: Term) -> int:
    """Adds the term to the running total, or takes it away."""
    return total + term.value if term.sign == "+" else total - term.value


def random_terms(rng: random.Random, count: int) -> tuple[list[Term], int]:
    """Makes terms whose running total never goes below zero, and returns them with their total."""
    terms: list[Term] = []
    total = 0
    limit = rng.choice([10, 100, 1000, 1000])
    for _ in range(count):
        kind, left, right = _random_operands(rng, limit)
        value = Term("+", kind, left, right).value
        must_add = not terms or value > total
        sign = "+" if must_add or rng.random() < 0.6 else "-"
        terms.append(Term(sign, kind, left, right))
        total = advance(total, terms[-1])
    return terms, total


def _random_operands(rng: random.Random, limit: int) -> tuple[Literal["number", "power", "product"], int, int]:
    draw = rng.random()
    if draw < 0.55:
        return "number", rng.randrange(1, limit), 0
    if draw < 0.75:
        base, exponent = rng.choice(POWERS)
        return "power", base, exponent
    left = rng.randrange(2, rng.choice([10, 100, 1000]))
    return "product", left, rng.randrange(2, 10)


def expression(terms: list[Term], style: Style) -> str:
    """Writes the terms out; a leading plus is left off."""
    text = _written(terms[0], style)
    for term in terms[1:]:
        text += f"{style.space}{term.sign}{style.space}{_written(term, style)}"
    return text


def _written(term: Term, style: Style) -> str:
    if term.kind == "power":
        return f"{term.left}{style.power}{term.right}"
    if term.kind == "product":
        return f"{term.left}{style.space}{style.times}{style.space}{term.right}"
    return str(term.left)


def scratchpad(terms: list[Term]) -> str:
    """Works the terms out from left to right, one step a line."""
    total = terms[0].value
    lines = _term_lines(terms[0])
    for term in terms[1:]:
        lines += _term_lines(term)
        lines.append(_addition(total, term.value) if term.sign == "+" else _subtraction(total, term.value))
        total = advance(total, term)
    # A plain number alone needs no step, but a scratchpad is never empty.
    return "\n".join(lines or [f"{total}."])


def _term_lines(term: Term) -> list[str]:
    """The line that works a term out, or none for a plain number."""
    if term.kind == "power":
        return [f"{term.left}^{term.right}={term.value}."]
    if term.kind == "product":
        return [_multiplication(term.left, term.right)]
    return []


def _digits(number: int) -> list[int]:
    """The decimal digits, lowest first."""
    return [int(digit) for digit in reversed(str(number))]


def _addition(left: int, right: int) -> str:
    columns = []
    carry = 0
    for pair in zip_longest(_digits(left), _digits(right)):
        # The shorter number has no digit in the high columns; nothing is written for it.
        parts = [digit for digit in pair if digit is not None] + [1] * carry
        column = sum(parts)
        columns.append(_step("+".join(map(str, parts)), column, trivial=len(parts) == 1))
        carry = column // 10
    if carry:
        columns.append("1")
    return f"{left}+{right}: {' '.join(columns)} so {left + right}."


def _subtraction(left: int, right: int) -> str:
    """Column by column with a borrow; `left` is at least `right`."""
    columns = []
    borrow = 0
    for upper, lower in zip_longest(_digits(left), _digits(right)):
        taken = ([] if lower is None else [lower]) + [1] * borrow
        borrow = 1 if upper < sum(taken) else 0
        available = upper + 10 * borrow
        text = "-".join(map(str, [available, *taken]))
        columns.append(_step(text, available - sum(taken), trivial=not taken))
    return f"{left}-{right}: {' '.join(columns)} so {left - right}."


def _multiplication(left: int, right: int) -> str:
    """Digit by digit; `right` has one digit, and so two single digits are known by heart."""
    if left < 10:
        return f"{left}*{right}={left * right}."
    columns = []
    carry = 0
    for digit in _digits(left):
        column = digit * right + carry
        carried = f"+{carry}" if carry else ""
        columns.append(f"{digit}*{right}{carried}={column}")
        carry = column // 10
    if carry:
        columns.append(str(carry))
    return f"{left}*{right}: {' '.join(columns)} so {left * right}."


def _step(text: str, result: int, *, trivial: bool) -> str:
    """One column; where there is nothing to work out, just the digit."""
    return str(result) if trivial else f"{text}={result}"
