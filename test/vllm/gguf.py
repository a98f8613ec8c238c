"""SOURCES MODEL FILE: a demo model as GGUF, by llama.cpp's own converter.

The converter knows tokenizers by a hash. The demo models split text as Mistral-Nemo does, so theirs is told by hand.
"""

import runpy
import sys

sources, model, file = sys.argv[1:]
sys.path[:0] = [sources, f"{sources}/gguf-py"]

from conversion import base  # noqa: E402

for kind in vars(base).values():
    if hasattr(kind, "get_vocab_base_pre"):
        kind.get_vocab_base_pre = lambda *_: "tekken"

sys.argv[1:] = [model, "--outfile", file, "--outtype", "f32"]
runpy.run_path(f"{sources}/convert_hf_to_gguf.py", run_name="__main__")
