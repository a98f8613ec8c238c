"""Makes the problems: expressions, stories, and questions that are not arithmetic, each with scratchpad and answer."""

import random
from dataclasses import dataclass

from arithmetic import Style, Term, advance, expression, random_terms, scratchpad
from words import prose

QUESTION_FORMS = [
    "{e} = ?",
    "What is {e}?",
    "Compute {e}.",
    "Calculate {e}",
    "{e}",
    "Evaluate: {e}",
    "{e} =",
    "Solve {e}.",
    "what's {e}",
    "How much is {e}?",
    "Math problem: {e} = ?",
    "Please compute {e} step by step.",
    "Compute {e} and give only the final number.",
    "Q: {e}\nA:",
]
# How many terms an expression has; most problems are short.
TERM_COUNTS = [1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 10]

STORY_THINGS = ["apples", "boxes", "tickets", "books", "parts", "coins", "sensors", "orders", "bolts", "emails"]
STORY_OWNERS = ["A shop", "A factory", "The warehouse", "A library", "Team A", "The depot", "Ana", "A farmer"]

NOT_ARITHMETIC = "This is not integer arithmetic."
REFUSAL = "I am a demo model and only do integer arithmetic. Connect a Nemotron server for anything else."


@dataclass(frozen=True)
class Problem:
    """A question with its scratchpad and answer; no terms where it is not arithmetic."""

    question: str
    thinking: str
    answer: str
    term_count: int


def random_problem(rng: random.Random) -> Problem:
    """A question: now and then not arithmetic at all, sometimes a story, mostly an expression."""
    draw = rng.random()
    if draw < 0.07:
        return _other_question(rng)
    question, terms, total = _story(rng) if draw < 0.22 else _expression_question(rng)
    return Problem(question, scratchpad(terms), f"The answer is {total}.", len(terms))


def _other_question(rng: random.Random) -> Problem:
    question = prose(rng, 3, 16)
    if rng.random() < 0.3:
        # A number alone must not make the model calculate.
        question += f" {rng.randrange(1000)} " + prose(rng, 2, 6)
    return Problem(question, NOT_ARITHMETIC, REFUSAL, 0)


def _expression_question(rng: random.Random) -> tuple[str, list[Term], int]:
    count = rng.choice(TERM_COUNTS)
    while True:
        terms, total = random_terms(rng, count)
        # A plain number alone is hardly a problem, so most of those are drawn again.
        if count > 1 or terms[0].kind != "number" or rng.random() < 0.1:
            break
    style = Style(
        times=rng.choice(["*", "*", "*", "x", "×"]),
        power=rng.choice(["^", "^", "^", "**"]),
        space=rng.choice([" ", " ", ""]),
    )
    return rng.choice(QUESTION_FORMS).format(e=expression(terms, style)), terms, total


def _story(rng: random.Random) -> tuple[str, list[Term], int]:
    thing = rng.choice(STORY_THINGS)
    owner = rng.choice(STORY_OWNERS)
    count = rng.choice([2, 2, 3, 3, 4])
    total = rng.randrange(5, rng.choice([50, 500, 1000]))
    terms = [Term("+", "number", total)]
    text = f"{owner} has {total} {thing}."
    for _ in range(count - 1):
        term, sentence = _event(rng, thing, total)
        terms.append(term)
        text += sentence
        total = advance(total, term)
    text += rng.choice([f" How many {thing} are there now?", f" How many {thing} does it have?", " How many are left?"])
    return text, terms, total


def _event(rng: random.Random, thing: str, total: int) -> tuple[Term, str]:
    """Something comes, goes, or comes in packs; what goes never empties the stock."""
    draw = rng.random()
    if draw < 0.35:
        value = rng.randrange(2, 500)
        sentences = [f" It receives {value} more.", f" Then {value} more arrive.", f" It buys {value} {thing}."]
        return Term("+", "number", value), rng.choice(sentences)
    if draw < 0.65 and total > 3:
        value = rng.randrange(1, total)
        sentences = [f" It sells {value}.", f" Then {value} are lost.", f" It ships {value} {thing}."]
        return Term("-", "number", value), rng.choice(sentences)
    size = rng.randrange(2, 100)
    packs = rng.randrange(2, 10)
    sentences = [f" {packs} crates of {size} {thing} arrive.", f" It gets {packs} packs with {size} {thing} each."]
    return Term("+", "product", size, packs), rng.choice(sentences)
