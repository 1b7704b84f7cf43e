"""The same prompts, continued as a document and answered as an assistant: what the chat form and fine-tuning are worth.

Knows: the prompts and the two ways. Does not know: how text is generated (`llmos.front`).
"""

from __future__ import annotations

from typing import Any

PROMPTS = ("What is a page fault?", "The capital of France is", "How do I make tea?")


def run_dreams(
    prompts: tuple[str, ...] = PROMPTS, model: str | None = None, base: str | None = None, tokens: int = 40
) -> dict[str, Any]:
    """{"runs": [{"prompt", "dream", "answer"}]}; `base` is another model to dream with, the same one by default."""
    from llmos.generating import generate

    texts = list(prompts)
    dreams, answers = (
        generate(texts, name, chat, tokens, 0.0, 0.0, 0, "exact8")
        for name, chat in ((base or model, False), (model, True))
    )
    pairs = zip(prompts, dreams, answers, strict=True)
    return {"runs": [{"prompt": p, "dream": d["text"], "answer": a["text"]} for p, d, a in pairs]}


def table_text(result: dict[str, Any]) -> str:
    parts = [f"{run['prompt']}\n  dreamed   {run['dream']!r}\n  answered  {run['answer']!r}" for run in result["runs"]]
    return "\n\n".join(parts)
