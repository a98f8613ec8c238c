"""Makes a checkpoint from a shipped model folder, for train.py --init.

    python from_folder.py FOLDER KIND CHECKPOINT
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from export import BLOCK_WEIGHTS
from kinds import KINDS
from model import Config


def weights_of(folder: Path, config: Config) -> dict[str, Tensor]:
    """The weights of the folder under the names that they have in training; the inverse of `export.load_model`."""
    llama = load_file(folder / "model.safetensors")
    weights = {"embedding.weight": llama["model.embed_tokens.weight"], "norm.weight": llama["model.norm.weight"]}
    for layer in range(config.layers):
        for our_name, llama_name in BLOCK_WEIGHTS.items():
            weights[f"blocks.{layer}.{our_name}.weight"] = llama[f"model.layers.{layer}.{llama_name}.weight"]
    return weights


def main() -> None:
    """Converts as the command line says."""
    parser = argparse.ArgumentParser(description="Makes a checkpoint from a model folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("checkpoint", help="the checkpoint to write")
    arguments = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(arguments.folder / "tokenizer.json"))
    config = Config(vocabulary=tokenizer.get_vocab_size())
    # Steps, tokens seen and the state of the optimizer are not in a folder.
    state = {
        "model": weights_of(arguments.folder, config),
        "steps": 0,
        "seen": 0,
        "kind": arguments.kind,
        "config": asdict(config),
    }
    torch.save(state, arguments.checkpoint)


if __name__ == "__main__":
    main()
