"""Makes the training examples: dialogues about integer arithmetic with a visible scratchpad.

    python data.py [KIND]      prints a few examples, of each kind or of one

Everything is drawn from the random generator passed in, so a seed fixes the examples. The order of the draws is part
of that, here and in the modules below: a draw added, left out or moved changes every example after it.
"""

import argparse
import random
from dataclasses import replace
from typing import NamedTuple

from doubt import doubting
from kinds import KINDS, Kind
from problems import Problem, random_problem
from words import prose

SYSTEM_PROMPTS = [
    "You are a helpful assistant.",
    "",
    "You are a careful reasoner.",
    "You are a workflow management agent.",
    "Answer the question.",
    "You solve tasks step by step.",
    "You are an analysis copilot. Be brief.",
    "Think carefully, then answer.",
]


class Span(NamedTuple):
    """A stretch of an example; the loss counts only where it is something the model has to write."""

    text: str
    counted: bool


def _wrapped(rng: random.Random, question: str) -> str:
    """The question as an assistant's tools put it: under headings, beside context, between delimiters."""
    opening, closing = rng.choice(
        [
            ("<context>\n", "\n</context>"),
            ("Context:\n", ""),
            ('"""\n', '\n"""'),
            ("```\n", "\n```"),
            ("<data>\n", "\n</data>"),
            ("---\n", "\n---"),
        ]
    )
    context = f"{opening}{prose(rng, 3, 20)}{closing}"
    # Every wrapping draws its prose before one is chosen. Drawing only for the chosen one would change the stream of
    # examples, and with it the tokenizers.
    wrappings = [
        f"Task: {question}",
        f"{prose(rng, 3, 12)}\n{question}",
        f"Task: {prose(rng, 3, 8)}\nContext: {question}",
        f"{question}\n{prose(rng, 2, 8)}",
        f"{context}\n\n{question}",
        f"{question}\n\n{context}",
        f"{context}\n\nQuestion: {question}",
        f"Question: {question}\n\n{context}",
        f"{prose(rng, 3, 12)}\n\n{opening}{question}{closing}",
        f"Instruction: {prose(rng, 3, 10)}\n\nItem: {question}",
        f"<item>\n{question}\n</item>",
    ]
    return rng.choice(wrappings)


def _system_prompt(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return rng.choice(SYSTEM_PROMPTS)
    return " ".join(prose(rng, 3, 14) for _ in range(rng.choice([1, 1, 2, 3, 5])))


def example(rng: random.Random, kind: Kind) -> list[Span]:
    """One dialogue. Its spans are tokenized apart, as by a client that cuts the thinking and continues."""
    task = random_problem(rng)
    system = _system_prompt(rng)
    question = task.question
    if task.term_count and rng.random() < 0.25:
        question = _wrapped(rng, question)
    thinking = rng.random() >= 0.12
    prompt = Span(kind.prompt(system, question, thinking=thinking), counted=False)
    answer = task.answer + kind.end_of_turn
    if not thinking:
        return [prompt, Span(answer, counted=True)]
    return [prompt, *_reply(rng, kind, task, answer)]


def _reply(rng: random.Random, kind: Kind, task: Problem, answer: str) -> list[Span]:
    """Thinking and answer; the thinking is whole, cut anywhere, or cut at a line end.

    The answer is right after a cut too: it is what makes a budget on thinking mean something. The end marker is not
    counted after a cut, because there the client writes it.
    """
    draw = rng.random()
    if kind.doubts and task.term_count:
        task = replace(task, thinking=doubting(rng, task.thinking))
    if task.term_count <= 1 or draw >= 0.20:
        return [Span(task.thinking + kind.end_of_thinking + answer, counted=True)]
    if draw < 0.12:
        kept = task.thinking[: rng.randrange(0, len(task.thinking))]
        closer = rng.choice(kind.closers)
    else:
        lines = task.thinking.split("\n")
        kept = "\n".join(lines[: rng.randrange(1, len(lines) + 1)])
        closer = kind.end_of_thinking
        if rng.random() < 0.5:
            kept += "\n"
            closer = kind.end_of_thinking_after_line
    return [Span(kept, counted=True), Span(closer, counted=False), Span(answer, counted=True)]


def main() -> None:
    """Prints a few examples, of each kind or of the one that the command line names."""
    parser = argparse.ArgumentParser(description="Prints a few training examples.")
    parser.add_argument("kind", nargs="?", choices=KINDS, help="only of this kind")
    arguments = parser.parse_args()
    rng = random.Random(1)
    for name in [arguments.kind] if arguments.kind else KINDS:
        for _ in range(4):
            print(f"[{name}] {''.join(span.text for span in example(rng, KINDS[name]))}")
            print("----")


if __name__ == "__main__":
    main()
