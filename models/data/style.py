"""The same question as different people type it: small letters, no full stop, a "please"."""

from random import Random

OPENINGS = ("Please ", "Hey, ", "Quick question: ", "Can you help? ", "Hi! ")


def restyled(prompt: str, rng: Random) -> str:
    """About half of the prompts stay as they are.

    Nothing is ever put into capitals: the word tasks ask about the letters themselves, and their
    words are all in small letters.
    """
    dice = rng.random()
    if "\n" in prompt or dice < 0.55:
        return prompt
    if dice < 0.70:
        return prompt.lower()
    if dice < 0.80:
        return prompt.rstrip("?.!")
    if dice < 0.94:
        return prompt.lower().rstrip("?.!")
    return rng.choice(OPENINGS) + prompt[0].lower() + prompt[1:]
