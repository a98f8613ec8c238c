"""The ONNX graph of a demo model, with the inputs and outputs that transformers.js expects.

(input_ids, attention_mask, position_ids, past..., num_logits_to_keep) -> (logits, present...)
"""

from itertools import chain
from pathlib import Path

import numpy
import onnx
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

OPSET = 20

# Names of the dimensions; None leaves one as it is.
DIMENSIONS = {
    "input_ids": ["batch_size", "sequence_length"],
    "attention_mask": ["batch_size", "total_sequence_length"],
    "position_ids": ["batch_size", "sequence_length"],
    "logits": ["batch_size", "num_logits", None],
    "past_key_values": ["batch_size", None, "past_sequence_length", None],
    "present": ["batch_size", None, "total_sequence_length", None],
}


class CachedModel(nn.Module):
    """The model as a function of tensors only: the cache goes in and comes out as a flat list."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor, *past: Tensor) -> tuple:
        """Returns the logits, then key and value of each layer."""
        cache = DynamicCache()
        for layer in range(self.model.config.num_hidden_layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        output = self.model(
            input_ids=input_ids,
            attention_mask=attention_bias(attention_mask, input_ids.shape[1]),
            position_ids=position_ids,
            past_key_values=cache,
            use_cache=True,
        )
        present = [(layer.keys, layer.values) for layer in output.past_key_values.layers]
        return (output.logits, *chain.from_iterable(present))


def attention_bias(attention_mask: Tensor, length: int) -> Tensor:
    """What to add to the attention scores: nothing where a token may look, the lowest number elsewhere.

    Written out here so that the graph is right for any number of cached tokens, and for padding on the left.
    """
    total = attention_mask.shape[1]
    columns = torch.arange(total)
    rows = torch.arange(length) + (total - length)
    causal = (columns[None, :] <= rows[:, None])[None, None]
    allowed = causal & (attention_mask[:, None, None, :] > 0)
    return torch.where(allowed, 0.0, torch.finfo(torch.float32).min)


def _cache_names(prefix: str, config: LlamaConfig) -> list[str]:
    return [f"{prefix}.{layer}.{part}" for layer in range(config.num_hidden_layers) for part in ("key", "value")]


def input_names(config: LlamaConfig) -> list[str]:
    """The inputs in order, without `num_logits_to_keep`, which is added to the finished graph."""
    return ["input_ids", "attention_mask", "position_ids", *_cache_names("past_key_values", config)]


def export_onnx(model: LlamaForCausalLM, path: Path) -> None:
    """Writes the fp32 graph, weights included."""
    _trace(model).save(path, external_data=False)
    graph_model = onnx.load(path)
    _name_dimensions(graph_model)
    _add_logits_to_keep(graph_model)
    _strip(graph_model)
    onnx.checker.check_model(graph_model)
    onnx.save(graph_model, path)


def _trace(model: LlamaForCausalLM) -> torch.onnx.ONNXProgram:
    config = model.config
    # Any sizes will do, as long as none is 1: a size of 1 would be taken for a constant.
    batch, cached, new = 2, 5, 3
    past = [
        torch.randn(batch, config.num_key_value_heads, cached, config.head_dim)
        for _ in range(2 * config.num_hidden_layers)
    ]
    arguments = (
        torch.randint(0, config.vocab_size, (batch, new)),
        torch.ones(batch, cached + new, dtype=torch.int64),
        torch.arange(cached, cached + new)[None].repeat(batch, 1),
        *past,
    )
    dynamic = torch.export.Dim.DYNAMIC
    two_dynamic = {0: dynamic, 1: dynamic}
    return torch.onnx.export(
        CachedModel(model).eval(),
        arguments,
        dynamo=True,
        input_names=input_names(config),
        output_names=["logits", *_cache_names("present", config)],
        opset_version=OPSET,
        optimize=True,
        verify=False,
        dynamic_shapes=(two_dynamic, two_dynamic, two_dynamic, tuple({0: dynamic, 2: dynamic} for _ in past)),
    )


def _name_dimensions(graph_model: ModelProto) -> None:
    """Replaces the names that the export makes up."""
    for value in chain(graph_model.graph.input, graph_model.graph.output):
        names = DIMENSIONS[value.name.partition(".")[0]]
        for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
            if name:
                dimension.dim_param = name


def _add_logits_to_keep(graph_model: ModelProto) -> None:
    """Adds the input `num_logits_to_keep`: logits are computed for that many last tokens, or with 0 for all.

    Before the output layer the hidden states are cut to `[-num_logits_to_keep:]`; minus zero starts at the beginning.
    """
    graph = graph_model.graph
    head = next(node for node in graph.node if "logits" in node.output)
    place = list(graph.node).index(head)
    constants = {"keep_axis0": 0, "keep_axis1": 1, "keep_end": numpy.iinfo(numpy.int64).max}
    nodes = [
        helper.make_node("Neg", ["num_logits_to_keep"], ["keep_neg"]),
        helper.make_node("Unsqueeze", ["keep_neg", "keep_axis0"], ["keep_start"]),
        helper.make_node("Slice", [head.input[0], "keep_start", "keep_end", "keep_axis1"], ["keep_hidden"]),
    ]
    graph.input.append(helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []))
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(numpy.array([value], numpy.int64), name))
    head.input[0] = "keep_hidden"
    for offset, node in enumerate(nodes):
        graph.node.insert(place + offset, node)


def _strip(graph_model: ModelProto) -> None:
    """Takes out what the export notes for debugging; it holds paths of this machine and makes the file larger."""
    graph = graph_model.graph
    del graph.value_info[:]
    for item in chain([graph_model, graph], graph.node, graph.input, graph.output, graph.initializer):
        del item.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
