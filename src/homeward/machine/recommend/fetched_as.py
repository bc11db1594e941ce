"""By what name a model that is recommended is fetched."""

from homeward.machine.recommend.advice import Advice


def source(advice: Advice, *, ollama: bool) -> str:
    """What it is fetched as: a tag of Ollama's, or a repository with the quantisation."""
    if ollama:
        return advice.ollama
    return f"{advice.gguf}:{advice.quant}" if advice.quant.startswith("Q") else advice.gguf
