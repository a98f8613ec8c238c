"""Builds the tokenizer of a demo model: byte-level BPE of 512 pieces, trained on made-up examples.

    python tokenizer.py nano2 tokenizer.json

Text is split by the same kind of pattern as Nemotron's: one digit a token, and punctuation takes the line ends after
it, so `.\\n` and `>\\n\\n` are one token each. Plain text gets a leading `<s>`, chat prompts none.
"""

import argparse
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from data import example
from kinds import KINDS, Kind

VOCABULARY_SIZE = 512
SAMPLES = 6000
# The seed of the shipped tokenizers.
SEED = 0

SPLIT_PATTERNS = [
    # A word, with the one character before it (most often a space).
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    # One digit.
    r"\p{N}",
    # Punctuation, with the line ends after it.
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    # Line ends, then other white space; the last space before a word is left to the word.
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
]

# Shown after a build: where the closing marker ends up is what a client that cuts the thinking has to get right.
SHOWN_TEXTS = [
    "so 1203.\n</think>\n\nThe answer is 12.",
    "</think>**x",
    "\n</think>\n\n",
    "</think>\n\n",
    "1+2: 3.\n\n</think>\n",
    "<think></think>",
]


def training_texts(kind: Kind) -> list[str]:
    """Examples without their special tokens, which are in the vocabulary from the start."""
    rng = random.Random(SEED)
    texts = []
    for _ in range(SAMPLES):
        text = "".join(span.text for span in example(rng, kind))
        for special_token in kind.special_tokens:
            text = text.replace(special_token, "")
        texts.append(text)
    return texts


def build(kind: Kind) -> Tokenizer:
    """Trains the tokenizer of one kind; the same kind always gives the same one."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("|".join(SPLIT_PATTERNS)), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=list(kind.special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_texts(kind), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return tokenizer


def main() -> None:
    """Builds, saves and shows one tokenizer."""
    parser = argparse.ArgumentParser(description="Builds the tokenizer of a demo model.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("output", help="the tokenizer.json to write")
    arguments = parser.parse_args()
    tokenizer = build(KINDS[arguments.kind])
    tokenizer.save(arguments.output)
    for text in SHOWN_TEXTS:
        print(repr(text), tokenizer.encode(text).tokens)


if __name__ == "__main__":
    main()
