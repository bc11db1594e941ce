"""The tables, in the SQL that SQLite and PostgreSQL have in common.

Columns are called as the fields of `homeward.store.records`. Statements write their values as
``?``, in order.
"""

from msgspec import Struct

from homeward.store.records import Contents, Entry, Feedback, Key

TABLES = (
    """create table keys (
        id text primary key, hash text not null, tenant text not null, name text not null,
        models text not null, limits text not null, at_once bigint, clearance bigint not null,
        admin boolean not null, created double precision not null, expires double precision,
        revoked double precision)""",
    """create table entries (
        id text primary key, began double precision not null, key text not null,
        tenant text not null, route text not null, dialect text not null, model text not null,
        "where" bigint not null, input_tokens bigint not null, output_tokens bigint not null,
        cached_tokens bigint not null, reasoning_tokens bigint not null,
        estimated boolean not null, cost_usd double precision, seconds double precision not null,
        first_seconds double precision, queued_seconds double precision not null,
        status bigint not null, outcome text not null, error text not null,
        stream boolean not null, fallbacks bigint not null, cache_hit boolean not null,
        calls text not null)""",
    # budgets are rebuilt at each start, of up to a month: from the index alone
    """create index entries_by_time on entries
        (began, key, input_tokens, output_tokens, cost_usd)""",
    "create table contents (id text primary key, request text not null, answer text not null)",
    """create table feedback (
        id text primary key, rating double precision not null, comment text not null,
        at double precision not null)""",
    """create table amounts (
        name text not null, node text not null, granted double precision not null,
        until double precision not null, primary key (name, node))""",
    "create index amounts_by_end on amounts (until)",
)
"""The first version of the schema. What was changed since then is in further versions."""

HISTORY = (
    "alter table entries add column experiment text not null default ''",
    "alter table entries add column arm text not null default ''",
    "alter table entries add column conversation text not null default ''",
    "alter table contents add column candidates text not null default '[]'",
)
"""The second: whose arm a request was, and what each of its models said."""

EXPERIMENT_TABLES = (
    """create table experiments (
        name text primary key, route text not null, against text not null,
        share double precision not null, shadow boolean not null, margin double precision not null,
        measure text not null, judge text not null, salt text not null,
        started double precision not null, stopped double precision)""",
    """create table votes (
        id text primary key, experiment text not null, pair text not null,
        "by" text not null, choice text not null, "first" text not null,
        at double precision not null)""",
    "create index votes_by_experiment on votes (experiment, at)",
    "create index entries_by_experiment on entries (experiment, began) where experiment <> ''",
)
"""The next: experiments as they were started, and who preferred which of two answers."""

MEASURED_TABLES = (
    """create table measured (
        id text primary key, device text not null, at double precision not null,
        run text not null)""",
    "create index measured_by_device on measured (device, at)",
)
"""The next: how fast models were on this machine, each run as JSON."""


def _columns(record: type[Struct], table: str = "") -> str:
    return ", ".join(f'{table}"{name}"' for name in record.__struct_fields__)


def _insert(table: str, record: type[Struct], conflict: str) -> str:
    marks = ", ".join("?" for _ in record.__struct_fields__)
    return f"insert into {table} ({_columns(record)}) values ({marks}) {conflict}"  # noqa: S608  our names


def _replaces(record: type[Struct]) -> str:
    names = record.__struct_fields__[1:]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
    return f"on conflict (id) do update set {changes}"


KEYS = f"select {_columns(Key)} from keys order by created, id"  # noqa: S608  our names
PUT_KEY = _insert("keys", Key, _replaces(Key))

ADD_ENTRY = _insert("entries", Entry, "on conflict (id) do nothing")
ENTRIES = f"select {_columns(Entry)} from entries where began >= ? "  # noqa: S608  our names
OF_TENANT = "and tenant = ? "
LATEST = "order by began desc, id desc limit ?"
ENTRY = f"select {_columns(Entry)} from entries where id = ?"  # noqa: S608  our names
ADD_CONTENTS = _insert("contents", Contents, "on conflict (id) do nothing")
PUT_FEEDBACK = _insert("feedback", Feedback, _replaces(Feedback))

BETWEEN = "began >= ? and began < ? and (began, id) > (?, ?)"
HISTORY_OF = f"""select {_columns(Entry, "e.")}, {_columns(Contents, "c.")},
    {_columns(Feedback, "f.")}
    from (select * from entries where {{condition}} order by began, id limit ?) as e
    left join contents as c on c.id = e.id left join feedback as f on f.id = e.id
    order by e.began, e.id"""  # noqa: S608  our names

CONTENTS_BEFORE = """select count(*) from entries
    where began < ? and id in (select id from contents)"""
FORGET_CONTENTS = """delete from contents
    where id in (select id from entries where began < ?)"""
FORGET_FEEDBACK = """delete from feedback
    where id in (select id from entries where began < ?)"""
FORGET_ENTRIES = "delete from entries where began < ?"

GRANTED = "select granted from amounts where node = ? and name = ?"

TOTALS = """select key,
    count(*),
    cast(sum(input_tokens + output_tokens) as double precision),
    coalesce(sum(cost_usd), 0.0)
    from entries where began >= ? group by key"""

SPENDING = """select {by} as which,
    count(*),
    cast(sum(input_tokens + output_tokens) as bigint),
    coalesce(sum(cost_usd), 0.0) as usd,
    count(*) filter (where cost_usd is null),
    avg(case when "where" < {world} then cast(1 as double precision) else 0 end)
        filter (where outcome = 'finished'),
    avg(first_seconds)
    from entries where began >= ? group by {by} order by {order}"""
