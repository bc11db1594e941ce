"""Embeddings, in any dialect: admitted, billed and written down as a chat is."""

from msgspec.structs import replace

from homeward.embedding import Embeddings
from homeward.gateway.answers.abilities import embedder_of, needed
from homeward.gateway.answers.job import admit, carried
from homeward.gateway.answers.marks import marks
from homeward.gateway.answers.settled import settled
from homeward.gateway.answers.wishes import wishes_of
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.model import CHARACTERS_PER_TOKEN, Event
from homeward.wire.asked import EmbeddingAsked


async def embed(
    gateway: Gateway, exchange: Exchange, dialect: str, asked: EmbeddingAsked
) -> Embeddings:
    """The vectors that a route makes of texts; settled, so that only the answer is to be sent.

    Its ``x-homeward-*`` headers go with whatever ``exchange`` answers. Rejected where the route
    does not embed.
    """
    route = gateway.route(exchange.caller, asked.model)
    embedder = needed(gateway, exchange.caller, route, embedder_of, "embeddings")
    wishes = wishes_of(exchange, asked.extra)
    job = await admit(
        gateway,
        exchange,
        route,
        dialect,
        stream=False,
        input_tokens=sum(map(len, asked.texts.texts)) // CHARACTERS_PER_TOKEN,
    )
    clearance = wishes.within(gateway.reach(exchange.caller))
    with settled(job):
        heard: list[Event] = []
        try:
            texts = replace(asked.texts, **carried(job, clearance, wishes.until))
            made = await embedder.embed(texts, heard)
        finally:
            for event in heard:
                job.saw(event)
    job.settle()
    exchange.tags = [*exchange.tags, *marks(job)]
    return made
