"""Price books with one mistake each, and where it is."""

from __future__ import annotations

HEAD = 'format = 1\nregion = "r"\ncurrency = "USD"\n'
BLOCK = 'from = 2020-01-01\nsource = "s"\nas_of = 2020-01-01\n'


def on_demand(figures: str, block: str = BLOCK) -> str:
    return f"{HEAD}[[on_demand]]\n{block}[on_demand.usd_per_hour]\n{figures}\n"


def two(first: str, second: str) -> str:
    """Two blocks that price one type."""
    blocks = ""
    for dates in (first, second):
        blocks += f'[[on_demand]]\n{dates}\nsource = "s"\nas_of = 2020-01-01\n'
        blocks += '[on_demand.usd_per_hour]\n"t3.micro" = 1\n'
    return HEAD + blocks


def reserved(figures: str, payment: str = "no-upfront", years: str = "1") -> str:
    terms = f'years = {years}\npayment = "{payment}"\nclass = "standard"\n'
    return f"{HEAD}[[reserved]]\n{terms}{BLOCK}[reserved.usd]\n{figures}\n"


def balancer(its_type: str = "application", more: str = "usd_per_lcu_hour = 0.008") -> str:
    return f'{HEAD}[[load_balancer]]\ntype = "{its_type}"\n{BLOCK}usd_per_hour = 0.02\n{more}\n'


# The file, the line that must be named (0: none), and words of what is told.
BAD: list[tuple[str, str, int, str]] = [
    ("not TOML", "format = = 1", 0, "at line 1, column"),
    ("one key twice", on_demand('"t3.micro" = 1\n"t3.micro" = 2'), 0, "at line 10"),
    ("empty", "", 0, "format: is missing"),
    ("another format", HEAD.replace("1", "2"), 0, "format: must be 1"),
    ("a format that is true", HEAD.replace("1", "true"), 0, "format: must be 1"),
    ("no region", 'format = 1\ncurrency = "USD"', 0, "region: is missing"),
    ("a region that is a number", HEAD.replace('"r"', "7"), 0, "region: must be a name"),
    ("another currency", HEAD.replace("USD", "EUR"), 0, "'EUR'; minicloud bills in USD alone"),
    ("no currency", 'format = 1\nregion = "r"', 0, "currency: is missing"),
    ("an unknown section", HEAD + "[[on_demnad]]\n", 0, "'on_demnad': is neither a field"),
    ("a section that is a table", HEAD + "[on_demand]\n", 0, "must be written as [[on_demand]]"),
    ("a section of numbers", HEAD + "on_demand = [1]\n", 0, "on_demand[1]: is not a table"),
    (
        "a negative rate",
        on_demand('"t3.nano" = 1\n"t3.micro" = -0.01'),
        10,
        "rate is never negative",
    ),
    ("not a number", on_demand('"t3.micro" = "0.0104"'), 9, "is '0.0104', not a number"),
    ("nan", on_demand('"t3.micro" = nan'), 9, "is NaN, not a number"),
    ("infinity", on_demand('"t3.micro" = inf'), 9, "is Infinity, not a number"),
    ("true for a number", on_demand('"t3.micro" = true'), 9, "is True, not a number"),
    ("a date for a number", on_demand('"t3.micro" = 2020-01-01'), 9, "not a number"),
    ("too many places", on_demand('"t3.micro" = 0.0000000000001'), 9, "more than 12 decimal"),
    ("out of all bounds", on_demand('"t3.micro" = 1e7'), 9, "more than 1000000 dollars"),
    ("an exponent from hell", on_demand('"t3.micro" = 1e-999999'), 9, "more than 12 decimal"),
    ("an unknown type", on_demand('"t3.mikro" = 0.01'), 9, "is not a type that minicloud has"),
    ("a hostile type", on_demand('"\\u001b[31m" = 0.01'), 4, "is not a type that minicloud has"),
    ("no types", on_demand(""), 8, "with at least one type"),
    ("figures that are no table", HEAD + f"[[on_demand]]\n{BLOCK}usd_per_hour = 1", 8, "a table"),
    ("no figures", f"{HEAD}[[on_demand]]\n{BLOCK}", 4, "usd_per_hour is missing"),
    (
        "no from",
        on_demand('"t3.micro" = 1', 'source = "s"\nas_of = 2020-01-01\n'),
        4,
        "from is missing",
    ),
    (
        "a from that is a text",
        on_demand('"t3.micro" = 1', BLOCK.replace("= 2020-01-01\ns", '= "2020-01-01"\ns')),
        5,
        "no quotes",
    ),
    (
        "a from with a time",
        on_demand(
            '"t3.micro" = 1', BLOCK.replace("from = 2020-01-01", "from = 2020-01-01T00:00:00Z")
        ),
        5,
        "must be a day",
    ),
    (
        "a from before there was EC2",
        on_demand('"t3.micro" = 1', BLOCK.replace("from = 2020", "from = 1999")),
        5,
        "must be from 2006-01-01",
    ),
    (
        "no source",
        on_demand('"t3.micro" = 1', "from = 2020-01-01\nas_of = 2020-01-01\n"),
        4,
        "source is missing",
    ),
    (
        "an empty source",
        on_demand('"t3.micro" = 1', BLOCK.replace('"s"', '" "')),
        6,
        "a text on one line",
    ),
    (
        "no as_of",
        on_demand('"t3.micro" = 1', 'from = 2020-01-01\nsource = "s"\n'),
        4,
        "as_of is missing",
    ),
    (
        "an estimate that is a text",
        on_demand('"t3.micro" = 1', BLOCK + 'estimate = "yes"\n'),
        8,
        "must be true or false",
    ),
    (
        "a misspelt field",
        on_demand('"t3.micro" = 1', BLOCK + "estimated = true\n"),
        8,
        "is not a field of this block",
    ),
    (
        "an overlap",
        two("from = 2020-01-01", "from = 2020-01-01"),
        11,
        "overlaps: another block prices t3.micro",
    ),
    (
        "an overlap by until",
        two("from = 2020-01-01\nuntil = 2021-01-02", "from = 2021-01-01"),
        12,
        "overlaps",
    ),
    (
        "a gap",
        two("from = 2020-01-01\nuntil = 2020-12-31", "from = 2021-01-01"),
        12,
        "nothing prices t3.micro, on demand from 2020-12-31 on",
    ),
    (
        "an until before its from",
        two("from = 2020-01-01\nuntil = 2020-01-01", "from = 2021-01-01"),
        6,
        "not after 2020-01-01",
    ),
    (
        "no rule of addresses",
        f"{HEAD}[[elastic_ip]]\n{BLOCK}usd_per_hour = 0.005",
        4,
        "first_on_running_instance_is_free is missing",
    ),
    ("another balancer", balancer("gateway"), 5, "must be application or network"),
    ("no capacity units", balancer(more=""), 4, "usd_per_lcu_hour is missing"),
    (
        "two years",
        reserved('"t3.micro" = { upfront = 0, per_hour = 1 }', years="2"),
        5,
        "must be 1 or 3",
    ),
    (
        "years that are true",
        reserved('"t3.micro" = { upfront = 0, per_hour = 1 }', years="true"),
        5,
        "must be 1 or 3",
    ),
    (
        "another payment",
        reserved('"t3.micro" = { upfront = 0, per_hour = 1 }', "by card"),
        6,
        "must be no-upfront or",
    ),
    (
        "an upfront part of nothing upfront",
        reserved('"t3.micro" = { upfront = 1, per_hour = 1 }'),
        12,
        "none is to be paid",
    ),
    (
        "an hourly part of all upfront",
        reserved('"t3.micro" = { upfront = 1, per_hour = 1 }', "all-upfront"),
        12,
        "all is paid upfront",
    ),
    ("half of a pair", reserved('"t3.micro" = { upfront = 0 }'), 12, "must be { upfront"),
    ("one figure for a pair", reserved('"t3.micro" = 0.01'), 12, "must be { upfront"),
    (
        "a negative part",
        reserved('"t3.micro" = { upfront = 0, per_hour = -1 }'),
        12,
        "never negative",
    ),
]
