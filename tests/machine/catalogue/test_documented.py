"""The page on the catalogue has its numbers right."""

from pathlib import Path

from homeward.machine.catalogue import entries, licences

PAGE = " ".join((Path(__file__).parents[3] / "docs" / "catalogue.md").read_text().split())


def test_how_many_models_and_licences_there_are() -> None:
    families = {entry.family for entry in entries()}
    assert f"{len(entries())} models of {len(families)} families" in PAGE
    assert f"`licences()` has {len(licences())} licences" in PAGE


def test_how_much_evidence_there_is() -> None:
    scores = sum(len(entry.evidence) for entry in entries())
    with_some = sum(bool(entry.evidence) for entry in entries())
    assert f"{scores} of {with_some} models" in PAGE
    assert f"{len(entries()) - with_some} models have no score" in PAGE
