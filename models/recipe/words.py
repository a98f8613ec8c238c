"""Prose without meaning, to put around the problems.

It is strung together from words of the documentation strings of a few modules of Python itself, so that no outside data
is needed, and from words that prompts to an assistant are made of.
"""

import argparse
import builtins
import collections
import decimal
import itertools
import json
import os
import random
import re
import socket
import statistics
import threading

DOCUMENTED_MODULES = (
    builtins,
    os,
    json,
    random,
    collections,
    itertools,
    threading,
    socket,
    argparse,
    decimal,
    statistics,
)
PROMPT_TEXT = """
    reason carefully about the task and answer think step by step you are a helpful assistant workflow agent context
    data summary analyze classify route item customer question explain why how plan budget model server token latency
    cost report draft review code function error test deploy cloud edge device image story poem history science physics
    capital country weather translate language Korean English Portuguese hello thanks write list compare decide best
    option risk
"""
# The documentation has tens of thousands of words; without this its words would hardly ever be drawn.
PROMPT_TEXT_REPEATS = 40


def _documentation_words() -> list[str]:
    text = ""
    for module in DOCUMENTED_MODULES:
        for name in dir(module):
            documentation = getattr(getattr(module, name, None), "__doc__", None)
            if isinstance(documentation, str):
                text += " " + documentation
    return re.findall(r"[A-Za-z][a-z]{1,11}", text)


WORDS = _documentation_words() + PROMPT_TEXT.split() * PROMPT_TEXT_REPEATS


def prose(rng: random.Random, shortest: int, limit: int) -> str:
    """A sentence without meaning, of at least `shortest` and fewer than `limit` words."""
    count = rng.randrange(shortest, limit)
    words = [rng.choice(WORDS) for _ in range(count)]
    return " ".join(words).capitalize() + rng.choice([".", "?", "!", ":", ""])
