"""The prompt formats: each demo model speaks that of the Nemotron generation it is made after.

What a model is trained on (`Kind.prompt`) and what its tokenizer's chat template renders (`Kind.chat_template`) must
agree, so they stand side by side here.
"""

from dataclasses import dataclass, replace

# Nemotron Nano 2: the switch is a word anywhere in system or user text. The words are taken out, the last one counts.
# A trailing assistant message is continued, not closed: that is how a client goes on after it cut the thinking.
NANO2_TEMPLATE = (
    "{%- set ns = namespace(think=true, system='') -%}"
    "{%- for m in messages -%}{%- if m['role'] in ['system', 'user'] -%}"
    "{%- if '/no_think' in m['content'] -%}{%- set ns.think = false -%}"
    "{%- elif '/think' in m['content'] -%}{%- set ns.think = true -%}{%- endif -%}"
    "{%- if m['role'] == 'system' -%}"
    "{%- set ns.system = m['content'].replace('/no_think', '').replace('/think', '').strip() -%}{%- endif -%}"
    "{%- endif -%}{%- endfor -%}"
    "{{- '<SPECIAL_10>System\\n' + ns.system + (' /think' if ns.think else ' /no_think') + '\\n' -}}"
    "{%- set opening = '<SPECIAL_11>Assistant\\n' + ('<think>\\n' if ns.think else '<think></think>') -%}"
    "{%- for m in messages -%}{%- if m['role'] == 'user' -%}"
    "{{- '<SPECIAL_11>User\\n' + m['content'].replace('/no_think', '').replace('/think', '').strip() + '\\n' -}}"
    "{%- elif m['role'] == 'assistant' -%}"
    "{%- if loop.last and add_generation_prompt -%}{{- opening + m['content'].strip() -}}"
    "{%- else -%}"
    "{{- '<SPECIAL_11>Assistant\\n' + m['content'].split('</think>')[-1].strip() + '<SPECIAL_12>\\n' -}}{%- endif -%}"
    "{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt and messages[-1]['role'] != 'assistant' -%}{{- opening -}}{%- endif -%}"
)

# Nemotron 3: ChatML. The switch is the argument enable_thinking, and text is left alone.
NEMOTRON3_TEMPLATE = (
    "{%- set think = enable_thinking if enable_thinking is defined else true -%}"
    "{%- if messages[0]['role'] != 'system' -%}{{- '<|im_start|>system\\n<|im_end|>\\n' -}}{%- endif -%}"
    "{%- for m in messages -%}"
    "{{- '<|im_start|>' + m['role'] + '\\n' + m['content'].strip() + '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}"
    "{{- '<|im_start|>assistant\\n' + ('<think>\\n' if think else '<think></think>') -}}{%- endif -%}"
)

# Both vocabularies begin with these, so padding is token 3 in both.
COMMON_SPECIAL_TOKENS = ("<unk>", "<s>", "</s>", "<pad>")
PAD_ID = COMMON_SPECIAL_TOKENS.index("<pad>")


@dataclass(frozen=True)
class Kind:
    """One prompt format, and whether the model doubts.

    turns: the turns up to the assistant's, with the fields system, user and switch.
    end_of_turn: the token that ends an answer.
    end_of_thinking: how the model itself ends its thinking, and what a client adds after a whole line.
    end_of_thinking_after_line: the same where the text so far already ends with a line end.
    closers: what a client may put after thinking that it cut anywhere; the common one is in it more than once.
    doubts: the model checks its result before it closes its thinking (doubt.py).
    """

    special_tokens: tuple[str, ...]
    end_of_turn: str
    turns: str
    end_of_thinking: str
    end_of_thinking_after_line: str
    closers: tuple[str, ...]
    chat_template: str
    doubts: bool = False

    def prompt(self, system: str, user: str, *, thinking: bool) -> str:
        """Everything before the model's own text."""
        switch = "/think" if thinking else "/no_think"
        opening = "<think>\n" if thinking else "<think></think>"
        return self.turns.format(system=system, user=user, switch=switch) + opening


KINDS = {
    # The markers <think> and </think> are ordinary text of several tokens.
    "nano2": Kind(
        special_tokens=(*COMMON_SPECIAL_TOKENS, "<SPECIAL_10>", "<SPECIAL_11>", "<SPECIAL_12>"),
        end_of_turn="<SPECIAL_12>",
        turns="<SPECIAL_10>System\n{system} {switch}\n<SPECIAL_11>User\n{user}\n<SPECIAL_11>Assistant\n",
        end_of_thinking="\n</think>\n\n",
        end_of_thinking_after_line="</think>\n\n",
        closers=(
            *["\n</think>\n\n"] * 3,
            ".\n</think>\n\n",
            "</think>\n\n",
            "\n\n</think>\n\n",
            "...\n</think>\n\n",
            "\n\nTime is up, so I answer now.\n</think>\n\n",
        ),
        chat_template=NANO2_TEMPLATE,
    ),
    # Each marker is one special token.
    "nemotron3": Kind(
        special_tokens=(*COMMON_SPECIAL_TOKENS, "<|im_start|>", "<|im_end|>", "<think>", "</think>"),
        end_of_turn="<|im_end|>",
        turns=("<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"),
        end_of_thinking="\n</think>\n",
        end_of_thinking_after_line="</think>\n",
        closers=(
            *["\n</think>\n"] * 2,
            "\n\n</think>\n",
            "\n</think>\n\n",
            ".\n</think>\n",
            "</think>\n",
            "...\n</think>\n",
            "\n\nReached the limit, so I answer now.\n\n</think>\n",
        ),
        chat_template=NEMOTRON3_TEMPLATE,
    ),
}

# Same prompts and tokenizer as Nemotron 3; the thinking is longer than it needs to be.
KINDS["doubter"] = replace(KINDS["nemotron3"], doubts=True)
