"""Trains a demo model on examples made on the fly; a checkpoint can be resumed.

    python train.py nano2 tokenizer.json checkpoint.pt --hours 2 [--threads 2] [--compile]
        [--resume | --init OTHER.pt --init-tokenizer OTHER.json]

--init starts from a model with another tokenizer: a piece both know keeps its vector, another starts as the mean of its
parts.

Loss counts only on what the model has to write: thinking (up to a cut, where there is one), end marker, answer. The
learning rate warms up, stays, and falls linearly over the last quarter of the hours given. The examples are seeded with
the time of day, so that a resumed run sees new ones and no two runs give the same weights.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from batches import batches_ahead
from kinds import KINDS
from model import Config, LanguageModel

WARM_UP_STEPS = 200
# The share of the time after which the learning rate falls, and the share of the rate that it never falls below.
FALL_FROM = 0.75
LEAST_RATE = 0.02
WEIGHT_DECAY = 0.05
LARGEST_GRADIENT = 1.0

LOG_EVERY = 50
SAVE_EVERY = 500
# The logged loss is a running average; this is the share of it that each step keeps.
LOSS_KEPT = 0.98

# How many shapes torch.compile takes before it gives up. There are more lengths of batches than its own limit allows.
COMPILED_SHAPES = 64

# Tokens of Nemotron 3 whose part another token plays in Nano 2, for --init.
COUNTERPARTS = {"<|im_start|>": "<SPECIAL_11>", "<|im_end|>": "<SPECIAL_12>"}


def start_from(model: LanguageModel, tokenizer: Tokenizer, checkpoint: str, checkpoint_tokenizer: str) -> None:
    """Takes over another model's weights; its vectors by the text of the pieces."""
    old_tokenizer = Tokenizer.from_file(checkpoint_tokenizer)
    state = torch.load(checkpoint)["model"]
    old_vectors = state["embedding.weight"]
    vectors = torch.empty(tokenizer.get_vocab_size(), old_vectors.shape[1])
    for token in range(len(vectors)):
        piece = tokenizer.id_to_token(token)
        same = old_tokenizer.token_to_id(COUNTERPARTS.get(piece, piece))
        if same is not None:
            vectors[token] = old_vectors[same]
            continue
        text = tokenizer.decode([token], skip_special_tokens=False)
        parts = old_tokenizer.encode(text, add_special_tokens=False).ids
        vectors[token] = old_vectors[parts].mean(0) if parts else old_vectors[0]
    model.load_state_dict({**state, "embedding.weight": vectors})


def make_optimizer(model: LanguageModel, learning_rate: float) -> torch.optim.AdamW:
    """AdamW; only matrices decay, the scales of the norms do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    scales = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": scales, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95), eps=1e-8)


def rate_at(highest: float, step: int, done: float) -> float:
    """The learning rate after `step` steps and the share `done` of the time."""
    warm_up = min(1, (step + 1) / WARM_UP_STEPS)
    fall = 1 if done < FALL_FROM else max(LEAST_RATE, (1 - done) / (1 - FALL_FROM))
    return highest * warm_up * fall


def loss_of(network: nn.Module, tokens: Tensor, weights: Tensor) -> Tensor:
    """The mean loss over the tokens that count."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(tokens[:, :-1])
    targets = tokens[:, 1:]
    counted = weights[:, 1:]
    each = functional.cross_entropy(
        logits.float().reshape(-1, logits.shape[-1]), targets.reshape(-1), reduction="none"
    ).view_as(counted)
    return (each * counted).sum() / counted.sum()


class Trainer:
    """A model in training, with all that a checkpoint keeps of it."""

    def __init__(self, kind: str, tokenizer: Tokenizer, learning_rate: float) -> None:
        # Fixes the initial weights, not the examples.
        torch.manual_seed(0)
        self.kind = kind
        self.learning_rate = learning_rate
        self.config = Config(vocabulary=tokenizer.get_vocab_size())
        self.model = LanguageModel(self.config)
        self.network: nn.Module = self.model
        self.optimizer = make_optimizer(self.model, learning_rate)
        self.steps = 0
        self.seen = 0

    def resume(self, checkpoint: str) -> None:
        """Goes on where the checkpoint was written."""
        state = torch.load(checkpoint)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]
        self.seen = state["seen"]

    def save(self, checkpoint: str) -> None:
        """Writes a checkpoint, for --resume, --init and export.py."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "seen": self.seen,
            "kind": self.kind,
            "config": asdict(self.config),
        }
        torch.save(state, checkpoint)

    def compile(self) -> None:
        """Compiles the model; the compiled one shares its weights."""
        torch._dynamo.config.cache_size_limit = COMPILED_SHAPES
        self.network = torch.compile(self.model)

    def step(self, tokens: Tensor, weights: Tensor, done: float) -> float:
        """Learns from one batch, and returns its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.learning_rate, self.steps, done)
        loss = loss_of(self.network, tokens, weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_GRADIENT)
        self.optimizer.step()
        self.steps += 1
        self.seen += tokens.numel()
        return loss.item()

    def log(self, average: float, tokens_per_second: float) -> None:
        """Prints how far the training is."""
        rate = self.optimizer.param_groups[0]["lr"]
        print(
            f"{self.steps} loss {average:.4f} lr {rate:.2e} seen {self.seen / 1e6:.1f}M"
            f" {tokens_per_second:.0f} tokens/s",
            flush=True,
        )


def train(trainer: Trainer, tokenizer: Tokenizer, checkpoint: str, seconds: float, batch_tokens: int) -> None:
    """Trains until the time is up."""
    ready = batches_ahead(tokenizer, KINDS[trainer.kind], batch_tokens)
    start = logged_at = time.time()
    logged_seen = trainer.seen
    average = None
    while time.time() - start < seconds:
        tokens, weights = ready.get()
        loss = trainer.step(tokens, weights, done=(time.time() - start) / seconds)
        average = loss if average is None else LOSS_KEPT * average + (1 - LOSS_KEPT) * loss
        if trainer.steps % LOG_EVERY == 0:
            trainer.log(average, (trainer.seen - logged_seen) / (time.time() - logged_at))
            logged_at = time.time()
            logged_seen = trainer.seen
        if trainer.steps % SAVE_EVERY == 0:
            trainer.save(checkpoint)
    trainer.save(checkpoint)


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Trains a demo model on examples made on the fly.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("tokenizer", help="the tokenizer.json of this kind")
    parser.add_argument("checkpoint", help="the checkpoint to write")
    parser.add_argument("--init", help="a checkpoint to start from, of a model with another tokenizer")
    parser.add_argument("--init-tokenizer", help="the tokenizer.json of that model")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint if it exists")
    parser.add_argument("--hours", type=float, default=2, help="how long to train")
    parser.add_argument("--lr", type=float, default=1.5e-3, help="the highest learning rate")
    parser.add_argument("--batch-tokens", type=int, default=8192, help="tokens in a batch, with its padding")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the training")
    parser.add_argument("--compile", action="store_true", help="use torch.compile; compiling takes minutes")
    arguments = parser.parse_args()
    if arguments.init and not arguments.init_tokenizer:
        parser.error("--init needs --init-tokenizer")
    return arguments


def main() -> None:
    """Trains as the command line says."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    tokenizer = Tokenizer.from_file(arguments.tokenizer)
    trainer = Trainer(arguments.kind, tokenizer, arguments.lr)
    if arguments.resume and Path(arguments.checkpoint).exists():
        trainer.resume(arguments.checkpoint)
    elif arguments.init:
        start_from(trainer.model, tokenizer, arguments.init, arguments.init_tokenizer)
    if arguments.compile:
        trainer.compile()
    train(trainer, tokenizer, arguments.checkpoint, arguments.hours * 3600, arguments.batch_tokens)


if __name__ == "__main__":
    main()
