"""Doubt: after its result the model checks its last lines again, zero to five times, before it closes its thinking.

The more checks it has made, the likelier it closes. Greedy decoding therefore checks three times and then closes, while
sampling closes after any number. Right behind the first result the probability of the end marker is near a third; before
the result it is near zero.
"""

import random

# The probability of closing after so many checks.
CLOSES = (0.30, 0.36, 0.44, 0.56, 0.70, 1.0)
# One opening only: several would share the probability, and greedy decoding would never check.
OPENING = "Wait, let me check."
# A check repeats at most so many of the last lines.
MOST_LINES = 3


def doubting(rng: random.Random, thinking: str) -> str:
    """The scratchpad, followed by its checks."""
    lines = thinking.split("\n")
    text = thinking
    for closes in CLOSES:
        if rng.random() < closes:
            break
        repeated = lines[-rng.randrange(1, MOST_LINES + 1) :]
        text += "\n" + OPENING + "\n" + "\n".join(repeated)
    return text
