"""The eight questions in SQL, and their answers in one form, so that they can be compared."""

import collections.abc
import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How a system writes the day of an event, and an instant."""

    day: str
    instant: collections.abc.Callable[[datetime.datetime], str]


@dataclasses.dataclass(frozen=True)
class Question:
    name: str  # as `indelible bench query` calls it
    sql: str
    groups: str = ""  # as `indelible aggregate` groups
    measure: str = "count"
    having: str = ""


QUESTIONS = [
    Question(
        "newest 50 of a rare token",
        "SELECT * FROM events WHERE credential_id = '{credential_id}' ORDER BY seq DESC LIMIT 50",
    ),
    Question(
        "daily usage of a busy token",
        "SELECT {day} AS day, count(*) FROM events WHERE credential_id = '{credential_id}' GROUP BY 1",
        groups="day",
    ),
    Question(
        "usage by ip of a token",
        "SELECT ip, count(*) FROM events WHERE credential_id = '{credential_id}' GROUP BY 1",
        groups="ip",
    ),
    Question(
        "total of a user over all tokens",
        "SELECT count(*) FROM events WHERE actor_id = '{actor_id}'",
    ),
    Question(
        "usage by token of a user",
        "SELECT credential_id, count(*) FROM events WHERE actor_id = '{actor_id}' GROUP BY 1",
        groups="credential.id",
    ),
    Question(
        "ips with over 10 failures in the last hour",
        "SELECT ip, count(*) FROM events WHERE outcome = '{outcome}' AND occurred_at >= {since}"
        " GROUP BY 1 HAVING count(*) > 10",
        groups="ip",
        having="count>=11",
    ),
    Question(
        "count by day and action",
        "SELECT {day} AS day, action, count(*) FROM events GROUP BY 1, 2",
        groups="day,action",
    ),
    Question("distinct ips", "SELECT count(DISTINCT ip) FROM events", measure="distinct(ip)"),
]
NEWEST = QUESTIONS[0].name


def in_sql(filters, dialect):
    """The questions in a dialect, by name. `filters` are Indelible's own, by name: the values are read from them."""
    return {of.name: written(of, filters[of.name], dialect) for of in QUESTIONS}


def written(question, filter_line, dialect):
    found = values(filter_line, dialect)
    return question.sql.format(day=dialect.day, **found)


def values(filter_line, dialect):
    found = {}
    for word in filter_line.split():
        field, value = word.split(":", 1)
        if field == "since":
            value = dialect.instant(datetime.datetime.fromisoformat(value))
        found[field.replace(".", "_")] = value
    return found


def answer(name, rows):
    """Rows as text in a fixed order; nothing is the empty text. Of events only `seq`, the first column, in the order given."""
    if name == NEWEST:
        return [str(row[0]) for row in rows]
    return sorted([text(cell) for cell in row] for row in rows)


def text(cell):
    return "" if cell in (None, "\\N") else str(cell)
