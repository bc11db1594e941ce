from homeward.config import parse
from homeward.learn.experiment.configured import plans_of

FILE = """
models:
  small: {scripted: {says: small}}
  large: {scripted: {says: large}}
  auto:
    capped:
      model: {experiment: {control: small, treatment: large, share: 0.2, name: t}}
      output_tokens: 9
  other: {experiment: {control: small, treatment: {scripted: {says: x}}}}
default: auto
"""


async def test_experiments_of_the_file_are_found_in_any_tree() -> None:
    async with parse(FILE).open() as models:
        found = {plan.name: plan for plan in plans_of(models)}
    assert set(found) == {"t", "experiment"}
    assert (found["t"].route, found["t"].against, found["t"].share) == ("small", "large", 0.2)


async def test_an_arm_without_a_name_is_called_by_its_edge() -> None:
    async with parse(FILE).open() as models:
        found = {plan.name: plan for plan in plans_of(models)}
    assert found["experiment"].against == "treatment"
