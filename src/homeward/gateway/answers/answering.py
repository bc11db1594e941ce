"""A question in, an answer out, in any dialect: the way of every request through a route's tree.

Nothing is sent before the first event that is not a note, so that a failure until then has its
own status and a parent its chance to ask another. After it, the client sees an error in its
dialect. However it ends, the job is settled, and before the last byte goes out.
"""

import time
from contextlib import aclosing

from homeward.errors import Garbled, ModelError
from homeward.gateway.answers.dialects import Dialect
from homeward.gateway.answers.forwarding import passed_on
from homeward.gateway.answers.job import Job, admit, dressed
from homeward.gateway.answers.marks import block, marks
from homeward.gateway.answers.settled import settled
from homeward.gateway.answers.wishes import Wishes, wishes_of, without_block
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.model import Answer, Event, Model, Note, Stream, estimated_tokens
from homeward.wire.asked import Asked


async def chat(gateway: Gateway, exchange: Exchange, dialect: Dialect) -> None:
    """Any chat dialect's URL."""
    body = await exchange.body(gateway.settings.largest_body)
    if not await passed_on(gateway, exchange, dialect, body, Gateway.route):
        await answer(gateway, exchange, dialect, dialect.decode_request(body))


async def answer(
    gateway: Gateway,
    exchange: Exchange,
    dialect: Dialect,
    asked: Asked,
    model: Model | None = None,
) -> None:
    """Walk the route's tree for what was asked, and tell it in the client's dialect.

    ``model`` stands in for the tree, where an ability of it is asked for rather than a chat.
    """
    route = gateway.route(exchange.caller, asked.model)
    wishes = wishes_of(exchange, asked.request.extra)
    request = without_block(asked.request)
    job = await admit(
        gateway,
        exchange,
        route,
        dialect.name,
        stream=asked.stream,
        input_tokens=estimated_tokens(request),
        output_tokens=request.sampling.max_tokens or gateway.settings.longest_answer,
    )
    clearance = wishes.within(gateway.reach(exchange.caller))
    request = dressed(job, request, clearance, wishes.until)
    if wishes.keep or gateway.settings.keep_contents:
        job.keeps = request
    told = stream if asked.stream else whole
    with settled(job):
        await told(job, dialect, asked, (model or route.model).chat(request), wishes)


async def whole(job: Job, dialect: Dialect, asked: Asked, events: Stream, wishes: Wishes) -> None:
    """The answer in one piece."""
    heard: list[Event] = []
    async with aclosing(events) as source:
        async for event in source:
            job.saw(event)
            heard.append(event)
    answered = Answer(tuple(heard))
    if answered.finish is None:
        raise Garbled("the answer ended without its end mark")
    body = dialect.encode_answer(answered, asked, job.exchange.id, int(time.time()))
    exchange = job.exchange
    exchange.status = 200
    job.settle()
    if wishes.explain:
        body = body[:-1] + b',"homeward":' + block(job) + b"}"
    await exchange.reply(200, body, headers=marks(job))


async def stream(job: Job, dialect: Dialect, asked: Asked, events: Stream, wishes: Wishes) -> None:
    """The answer as it comes."""
    exchange = job.exchange
    encoder = dialect.encoder(asked, job.exchange.id, int(time.time()))
    last = b""
    async with aclosing(events) as source:
        try:
            async for event in source:
                job.saw(event)
                data = encoder.feed(event)
                if job.finish is not None:
                    last += data
                    continue
                if not exchange.status and not isinstance(event, Note):
                    await exchange.begin(dialect.content_type, marks(job))
                if data:
                    await exchange.write(data)
            if job.finish is None:
                raise Garbled("the answer ended without its end mark")
            last += encoder.end()
        except ModelError as error:
            if not exchange.status:
                raise
            job.settle("failed", error)
            await exchange.end(encoder.fail(error))
            return
    if not exchange.status:  # an answer without a word
        exchange.status = 200
        job.settle()
        await exchange.begin(dialect.content_type, marks(job))
    job.settle()
    if wishes.explain:
        last = explained(last, dialect, job)
    await exchange.end(last)


def explained(last: bytes, dialect: Dialect, job: Job) -> bytes:
    """The last frames with the ``homeward`` block: of a frame of its own, or in the last line."""
    if dialect.name == "ollama":
        return last[:-2] + b',"homeward":' + block(job) + b"}\n"
    frame = b'data: {"object":"homeward","choices":[],"homeward":' + block(job) + b"}\n\n"
    if b"data: [DONE]" in last:
        return last.replace(b"data: [DONE]", frame + b"data: [DONE]")
    return last + b"event: homeward\n" + frame
