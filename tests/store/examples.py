"""Records that tests store."""

from homeward.model import Clearance, Usage
from homeward.store.records import Entry, Key, Limit

KEY = Key(
    id="aabbccdd",
    hash="00" * 32,
    tenant="north",
    name="the team's",
    models=("auto", "small*"),
    limits=(Limit("requests", "minute", 100), Limit("usd", "month", 5.5)),
    at_once=3,
    clearance=Clearance.NETWORK,
    admin=True,
    created=1_700_000_000.25,
    expires=1_800_000_000.5,
    revoked=1_750_000_000.125,
)

ENTRY = Entry(
    id="e1",
    began=1_700_000_000.25,
    key="aabbccdd",
    tenant="north",
    route="auto",
    dialect="openai_chat",
    model="qwen3:4b",
    where=Clearance.NETWORK,
    input_tokens=11,
    output_tokens=22,
    cached_tokens=3,
    reasoning_tokens=4,
    estimated=True,
    cost_usd=0.125,
    seconds=1.5,
    first_seconds=0.25,
    queued_seconds=0.5,
    status=502,
    outcome="failed",
    error="Garbled",
    stream=True,
    fallbacks=2,
    cache_hit=True,
    calls=(Usage("c1", "qwen3:4b", 11, 22, where=Clearance.NETWORK, cost_usd=None),),
)
