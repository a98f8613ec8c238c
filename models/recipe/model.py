"""The demo model for training: a small Llama, written out so that it trains fast on a CPU.

Export copies the weights into the Llama of transformers, so the two must compute the same.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

# Spread of the initial weights. What writes into the residual stream starts smaller, as there are two such additions
# a layer.
INITIAL_STD = 0.02
# Stands for minus infinity: small enough to vanish in the softmax, and still finite in half precision.
MASKED = -1e4


@dataclass(frozen=True)
class Config:
    """The sizes of the model, as the demo models have them; a checkpoint carries them."""

    vocabulary: int
    width: int = 192
    layers: int = 4
    heads: int = 3
    feed_forward: int = 512
    rope_theta: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """The width of one attention head."""
        return self.width // self.heads


class RootMeanSquareNorm(nn.Module):
    """Scales each vector to a root mean square of one, computed in single precision."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, hidden: Tensor) -> Tensor:
        """Returns the scaled vectors, in the precision they came in."""
        single = hidden.float()
        single = single * torch.rsqrt(single.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return (single * self.weight).to(hidden.dtype)


def rotate(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary position embedding; a pair is one place of the first half and the same place of the second."""
    half = vectors.shape[-1] // 2
    first, second = vectors[..., :half], vectors[..., half:]
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention, written out."""
    scores = (query * (query.shape[-1] ** -0.5)) @ key.transpose(-1, -2)
    future = torch.full((query.shape[-2], key.shape[-2]), MASKED, dtype=scores.dtype).triu(1)
    return torch.softmax(scores + future, -1) @ value


class Block(nn.Module):
    """One layer: attention, then a gated feed-forward network, each added to the residual stream."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.head_width = config.head_width
        attention_width = config.heads * config.head_width
        self.attention_norm = RootMeanSquareNorm(config.width, config.norm_epsilon)
        self.feed_forward_norm = RootMeanSquareNorm(config.width, config.norm_epsilon)
        self.query = nn.Linear(config.width, attention_width, bias=False)
        self.key = nn.Linear(config.width, attention_width, bias=False)
        self.value = nn.Linear(config.width, attention_width, bias=False)
        self.output = nn.Linear(attention_width, config.width, bias=False)
        self.gate = nn.Linear(config.width, config.feed_forward, bias=False)
        self.up = nn.Linear(config.width, config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Returns the residual stream after this layer."""
        normed = self.attention_norm(hidden)
        query = self._split(self.query(normed))
        key = self._split(self.key(normed))
        value = self._split(self.value(normed))
        # The rotation is computed in single precision; back to that of the values, which autocast may have lowered.
        query = rotate(query, cosine, sine).to(value.dtype)
        key = rotate(key, cosine, sine).to(value.dtype)
        attended = attend(query, key, value).transpose(1, 2).flatten(2)
        hidden = hidden + self.output(attended)
        normed = self.feed_forward_norm(hidden)
        return hidden + self.down(functional.silu(self.gate(normed)) * self.up(normed))

    def _split(self, projected: Tensor) -> Tensor:
        """(batch, length, width) to (batch, heads, length, head width)."""
        batch, length, _ = projected.shape
        return projected.view(batch, length, self.heads, self.head_width).transpose(1, 2)


class LanguageModel(nn.Module):
    """Tokens to logits. The embedding also serves as the output layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RootMeanSquareNorm(config.width, config.norm_epsilon)
        self._initialize()

    def _initialize(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=INITIAL_STD)
        for block in self.blocks:
            for layer in (block.output, block.down):
                nn.init.normal_(layer.weight, std=INITIAL_STD / math.sqrt(2 * self.config.layers))

    def _rotation(self, length: int) -> tuple[Tensor, Tensor]:
        """Cosine and sine for each position and pair, shaped to go with all sequences and heads."""
        head_width = self.config.head_width
        inverse = 1.0 / (self.config.rope_theta ** (torch.arange(0, head_width, 2).float() / head_width))
        angles = torch.arange(length)[None, None, :, None].float() * inverse
        return angles.cos(), angles.sin()

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length) token numbers to (batch, length, vocabulary) logits."""
        cosine, sine = self._rotation(tokens.shape[1])
        hidden = self.embedding(tokens)
        for block in self.blocks:
            hidden = block(hidden, cosine, sine)
        return functional.linear(self.norm(hidden), self.embedding.weight)
