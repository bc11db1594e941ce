"""Which GPUs a process may use, as the makers' variables say it."""

from collections.abc import Mapping, Sequence


def visible(said: str | None, identities: Sequence[str]) -> list[int]:
    """The numbers of those that are left, in the order said; all where nothing is said.

    A device is named by its number or by the beginning of its identity. The first that is not
    there ends the list, as CUDA has it ("CUDA C++ Programming Guide", environment variables), so
    that an empty value and -1 both mean none.
    """
    if said is None:
        return list(range(len(identities)))
    found: list[int] = []
    for name in (part.strip() for part in said.split(",")):
        if name.isdigit():
            matches = [int(name)] if int(name) < len(identities) else []
        else:
            matches = [i for i, each in enumerate(identities) if name and each.startswith(name)]
        if len(matches) != 1 or matches[0] in found:
            break
        found += matches
    return found


def visible_to_rocm(environ: Mapping[str, str], identities: Sequence[str]) -> list[int]:
    """As `visible`, for AMD: ROCR first, then HIP among what is left.

    HIP reads CUDA's variable too, where its own is not set.
    """
    left = visible(environ.get("ROCR_VISIBLE_DEVICES"), identities)
    said = environ.get("HIP_VISIBLE_DEVICES", environ.get("CUDA_VISIBLE_DEVICES"))
    return [left[i] for i in visible(said, [identities[i] for i in left])]
