"""Turns examples into batches of tokens, a few ahead of the training."""

import queue
import random
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from data import Span, example
from kinds import PAD_ID, Kind

# Longer examples are left out.
MAX_TOKENS = 640
# Examples made at a time, to put those of like length together.
POOL_EXAMPLES = 1200
# Lengths are rounded up and batch sizes down to a multiple of these: a compiled model is compiled again for each shape.
LENGTH_STEP = 64
BATCH_STEP = 4
# How many batches wait for the training.
BATCHES_AHEAD = 4


class Encoded(NamedTuple):
    """An example in tokens, with a weight of 0 or 1 in the loss for each."""

    tokens: list[int]
    weights: list[int]


def rounded_up(length: int) -> int:
    """The length a batch is padded to."""
    return (length + LENGTH_STEP - 1) // LENGTH_STEP * LENGTH_STEP


def encode(tokenizer: Tokenizer, spans: list[Span]) -> Encoded:
    """Tokenizes the spans one by one."""
    encoded = Encoded([], [])
    for span in spans:
        tokens = tokenizer.encode(span.text, add_special_tokens=False).ids
        encoded.tokens.extend(tokens)
        encoded.weights.extend([int(span.counted)] * len(tokens))
    return encoded


def grouped(pool: list[Encoded], batch_tokens: int) -> list[list[Encoded]]:
    """Puts examples of like length together, at most about `batch_tokens` tokens a batch with its padding.

    What is left over for a last batch that does not fill is dropped; those are the longest of the pool.
    """
    batches = []
    current: list[Encoded] = []
    for encoded in sorted(pool, key=lambda one: len(one.tokens)):
        current.append(encoded)
        fitting = batch_tokens // rounded_up(len(encoded.tokens)) // BATCH_STEP * BATCH_STEP
        if len(current) >= max(BATCH_STEP, fitting):
            batches.append(current)
            current = []
    return batches


def padded(batch: list[Encoded]) -> tuple[Tensor, Tensor]:
    """Tokens and weights of one batch; one place longer than the model sees, as targets are shifted by one."""
    length = rounded_up(max(len(encoded.tokens) for encoded in batch)) + 1
    tokens = torch.full((len(batch), length), PAD_ID)
    weights = torch.zeros(len(batch), length)
    for row, encoded in enumerate(batch):
        tokens[row, : len(encoded.tokens)] = torch.tensor(encoded.tokens)
        weights[row, : len(encoded.weights)] = torch.tensor(encoded.weights, dtype=torch.float)
    return tokens, weights


def endless_batches(tokenizer: Tokenizer, kind: Kind, seed: int, batch_tokens: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Makes examples for as long as they are asked for."""
    rng = random.Random(seed)
    while True:
        made = [encode(tokenizer, example(rng, kind)) for _ in range(POOL_EXAMPLES)]
        batches = grouped([encoded for encoded in made if len(encoded.tokens) <= MAX_TOKENS], batch_tokens)
        rng.shuffle(batches)
        yield from map(padded, batches)


def batches_ahead(tokenizer: Tokenizer, kind: Kind, batch_tokens: int) -> queue.Queue[tuple[Tensor, Tensor]]:
    """Makes batches in a thread of its own, a few ahead of the training."""
    ready: queue.Queue[tuple[Tensor, Tensor]] = queue.Queue(BATCHES_AHEAD)

    def feed() -> None:
        for batch in endless_batches(tokenizer, kind, int(time.time()), batch_tokens):
            ready.put(batch)

    threading.Thread(target=feed, daemon=True).start()
    return ready
