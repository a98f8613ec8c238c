"""Exports a checkpoint as one model folder that transformers.js, transformers and vLLM load.

    python export.py CHECKPOINT TOKENIZER OUTPUT

The folder gets `onnx/model.onnx` (fp32), `onnx/model_quantized.onnx` (int8), `model.safetensors`, the tokenizer and the
configuration. A sample answer and the distance of both ONNX files from the original are printed.
"""

import argparse
import json
from pathlib import Path

import numpy
import onnxruntime
import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from graph import export_onnx, input_names
from kinds import KINDS
from model import Config

# The context window that is written down; training saw far shorter examples.
WINDOW = 2048

# Names of the weights: ours, and those of the Llama of transformers.
BLOCK_WEIGHTS = {
    "attention_norm": "input_layernorm",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "output": "self_attn.o_proj",
    "feed_forward_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}

# The question that is asked after the export.
SAMPLE_MESSAGES = [
    {"role": "system", "content": "You are a careful reasoner. /think"},
    {"role": "user", "content": "2^10 + 3^5 - 4^3 = ?"},
]
SAMPLE_TOKENS = 300


def load_tokenizer(path: str, kind: str) -> PreTrainedTokenizerFast:
    """The tokenizer with the special tokens and the chat template of its kind."""
    return PreTrainedTokenizerFast(
        tokenizer_file=path,
        bos_token="<s>",
        eos_token=KINDS[kind].end_of_turn,
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        chat_template=KINDS[kind].chat_template,
        model_max_length=WINDOW,
        clean_up_tokenization_spaces=False,
    )


def llama_config(config: Config, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """Our sizes as a Llama configuration."""
    llama = LlamaConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        head_dim=config.head_width,
        intermediate_size=config.feed_forward,
        max_position_embeddings=WINDOW,
        tie_word_embeddings=True,
        rms_norm_eps=config.norm_epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # Takes the mask of the exported graph as it is.
    llama._attn_implementation = "eager"
    return llama


def load_model(state: dict, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The checkpoint's weights in the Llama of transformers."""
    config = Config(**state["config"])
    ours = state["model"]
    weights = {
        "model.embed_tokens.weight": ours["embedding.weight"],
        "lm_head.weight": ours["embedding.weight"],
        "model.norm.weight": ours["norm.weight"],
    }
    for layer in range(config.layers):
        for our_name, llama_name in BLOCK_WEIGHTS.items():
            weights[f"model.layers.{layer}.{llama_name}.weight"] = ours[f"blocks.{layer}.{our_name}.weight"]
    model = LlamaForCausalLM(llama_config(config, tokenizer)).eval().float()
    model.load_state_dict(weights)
    return model


def write_json(path: Path, value: dict) -> None:
    """Writes a value as the loaders expect their files."""
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def save_model(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, output: Path) -> None:
    """Writes the weights and the configuration."""
    model.save_pretrained(output)
    # Every field, not only those that differ from the defaults, and two under the names they had in transformers 4, for
    # loaders that go by those.
    config = json.loads(model.config.to_json_string(use_diff=False))
    config["architectures"] = ["LlamaForCausalLM"]
    config["rope_theta"] = config["rope_parameters"]["rope_theta"]
    config["torch_dtype"] = "float32"
    write_json(output / "config.json", config)
    generation_config = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": [tokenizer.eos_token_id],
        "pad_token_id": tokenizer.pad_token_id,
        "do_sample": False,
    }
    write_json(output / "generation_config.json", generation_config)


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, output: Path) -> None:
    """Writes the tokenizer, with the chat template inside its configuration and not in a file of its own."""
    tokenizer.save_pretrained(output)
    path = output / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["chat_template"] = tokenizer.chat_template
    # transformers 5 writes a class and a field that other loaders do not know.
    config.pop("backend", None)
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    write_json(path, config)
    (output / "chat_template.jinja").unlink(missing_ok=True)


def quantize(source: Path, target: Path) -> None:
    """Makes the int8 model: the weights only, activations as they come."""
    quantize_dynamic(
        source,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )


def sample_tokens(tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    """The sample question in tokens, which are printed as text."""
    text = tokenizer.apply_chat_template(SAMPLE_MESSAGES, add_generation_prompt=True, tokenize=False)
    tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    print(repr(text), tokens.shape)
    return tokens


def show_answer(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, tokens: torch.Tensor) -> None:
    """Prints what the model makes of the sample question."""
    mask = torch.ones_like(tokens)
    generated = model.generate(tokens, attention_mask=mask, max_new_tokens=SAMPLE_TOKENS, do_sample=False)
    print(tokenizer.decode(generated[0, tokens.shape[1] :]))


def show_distance(path: Path, model: LlamaForCausalLM, tokens: torch.Tensor) -> None:
    """Prints how far the logits of an ONNX file are from those of the model."""
    with torch.no_grad():
        expected = model(input_ids=tokens).logits.numpy()
    config = model.config
    feeds = {
        "input_ids": tokens.numpy(),
        "attention_mask": numpy.ones(tokens.shape, numpy.int64),
        "position_ids": numpy.arange(tokens.shape[1])[None],
        # Zero keeps them all.
        "num_logits_to_keep": numpy.array(0, numpy.int64),
    }
    for name in input_names(config):
        if name.startswith("past"):
            feeds[name] = numpy.zeros((1, config.num_key_value_heads, 0, config.head_dim), numpy.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], feeds)
    print(path.name, path.stat().st_size, "max |logit difference|", float(numpy.abs(logits - expected).max()))


def main() -> None:
    """Exports as the command line says."""
    parser = argparse.ArgumentParser(description="Exports a checkpoint as one model folder.")
    parser.add_argument("checkpoint")
    parser.add_argument("tokenizer", help="the tokenizer.json it was trained with")
    parser.add_argument("output", type=Path, help="the folder to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(arguments.checkpoint)
    print("steps", state["steps"], "tokens seen", state["seen"])
    tokenizer = load_tokenizer(arguments.tokenizer, state["kind"])
    model = load_model(state, tokenizer)
    tokens = sample_tokens(tokenizer)
    show_answer(model, tokenizer, tokens)

    full = arguments.output / "onnx" / "model.onnx"
    quantized = full.with_name("model_quantized.onnx")
    full.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(model, full)
    quantize(full, quantized)
    save_model(model, tokenizer, arguments.output)
    save_tokenizer(tokenizer, arguments.output)
    for path in (full, quantized):
        show_distance(path, model, tokens)


if __name__ == "__main__":
    main()
