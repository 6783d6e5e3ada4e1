"""Random filters, each as a line and as SQL over a Parquet export of the same log.

The SQL follows the documentation of the filter language, not the code that answers.
"""

import datetime
import ipaddress
import json

SECTIONS = ["source", "actor", "on_behalf_of", "credential", "client", "oauth", "targets", "context_geo", "context", "http"]
SHORT = {
    "context.user_agent": "agent", "context.asn": "asn", "context.geo.city": "city", "client.id": "client",
    "correlation_id": "correlation", "context.geo.country": "country", "credential.id": "token", "actor.email": "email",
    "context.device_id": "device", "source.host": "host", "context.ip": "ip", "http.latency_us": "latency",
    "http.method": "method", "http.path": "path", "request_id": "request", "http.route": "route",
    "credential.scopes": "scope", "source.service": "service", "session_id": "session", "http.status": "status",
    "tags": "tag", "trace_id": "trace", "actor.id": "user", "oauth.grant_type": "grant", "oauth.issuer": "issuer",
}
BLOBS = {"metadata": "metadata", "changes": "changes", "targets.attrs": "targets_attrs"}
ROLES = {"actor": ("actor", ["id", "email"]), "on_behalf_of": ("on_behalf_of", ["id", "email"]), "target": ("targets", ["id"])}
ACTOR_TYPES = ["user", "service", "token", "client", "agent", "system", "anonymous"]
SEVERITIES = ["info", "low", "medium", "high", "critical"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
ENDS = (-(2**63) + 1, 2**63 - 1)  # of 64-bit integers, as far as SQL can write them


def micros(at):
    return (at - EPOCH) // datetime.timedelta(microseconds=1)


def rfc3339(us):
    return (EPOCH + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sql_text(text):
    return "'" + text.replace("'", "''") + "'"


def path_of(column):
    """The path of a column's field in the event."""
    for section in SECTIONS:
        if column.startswith(section + "_"):
            return section.replace("_geo", ".geo") + "." + column.removeprefix(section + "_")
    return column


class Field:
    """A field that can be asked for: its path, what it holds (text, list, int, time, json) and its SQL."""

    def __init__(self, path, kind, sql):
        self.path, self.kind, self.sql = path, kind, sql

    def text(self):
        if self.kind == "int":
            return f"CAST({self.sql} AS VARCHAR)"
        if self.kind == "time":
            return f"strftime({self.sql} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
        return self.sql

    def any(self, test):
        """Whether any value of the field passes a test, which gives the SQL for the SQL of a text."""
        if self.kind in ("list", "json"):
            return f"coalesce(len(list_filter({self.sql}, lambda x: x IS NOT NULL AND ({test('x')}))) > 0, false)"
        return f"coalesce({self.sql} IS NOT NULL AND ({test(self.text())}), false)"

    def keys(self):
        """The SQL of the list of keys by which a row is grouped."""
        if self.kind in ("list", "json"):
            return f"CASE WHEN coalesce(len(list_distinct({self.sql})), 0) = 0 THEN [NULL] ELSE list_distinct({self.sql}) END"
        return f"[{self.number() if self.kind == 'time' else self.sql}]"

    def number(self):
        return f"epoch_us({self.sql})" if self.kind == "time" else self.sql

    def distinct(self):
        if self.kind in ("list", "json"):
            all = f"flatten(list({self.sql}) FILTER ({self.sql} IS NOT NULL))"
            return f"coalesce(len(list_distinct({all})), 0)"
        return f"count(DISTINCT {self.sql})"


def literal(text, random):
    """A text that stands for itself in a filter line, in quotes where it must be, sometimes where it need not."""
    plain = text.isascii() and all(char.isalnum() or char in "_./@+-" for char in text) and ".." not in text
    if text and plain and random.random() < 0.8:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def regex(parts):
    special = "\\.+*?()|[]{}^$"
    quoted = {"*": ".*", "?": "."}
    return "".join(quoted[part] if wild else "".join("\\" + c if c in special else c for c in part) for part, wild in parts)


def is_text(text):
    return lambda x: f"{x} = {sql_text(text)}"


def between(low, high):
    """A number within bounds, whether it is written as an integer or with a fraction."""
    float_low = "true" if low == ENDS[0] else f"CAST({{0}} AS DOUBLE) >= {low}::DOUBLE"
    float_high = "true" if high == ENDS[1] else f"CAST({{0}} AS DOUBLE) <= {high}::DOUBLE"
    return lambda x: (
        f"CASE WHEN regexp_full_match({x}, '[+-]?[0-9]+') AND try_cast({x} AS BIGINT) IS NOT NULL "
        f"THEN try_cast({x} AS BIGINT) BETWEEN {low}::BIGINT AND {high}::BIGINT "
        f"WHEN regexp_full_match({x}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?') "
        f"THEN isfinite(CAST({x} AS DOUBLE)) AND {float_low.format(x)} AND {float_high.format(x)} ELSE false END"
    )


class Questions:
    """Makes questions about a log from the values that are in it."""

    def __init__(self, database, random, end_seq):
        self.database, self.random, self.end_seq = database, random, end_seq
        kinds = {"VARCHAR": "text", "VARCHAR[]": "list", "BIGINT": "int", "TIMESTAMP WITH TIME ZONE": "time"}
        self.fields = {}
        for name, type, *_ in database.execute("DESCRIBE exported").fetchall():
            if name not in ("id", "seq", *BLOBS.values()):
                self.fields[path_of(name)] = Field(path_of(name), kinds[type], f"e.{name}")
        names = [column[0] for column in database.execute("SELECT * FROM exported LIMIT 0").description]
        seqs = sorted({random.randrange(end_seq) for _ in range(1500)} | {random.randrange(9000) for _ in range(1500)})
        rows = database.execute(f"SELECT * FROM exported WHERE seq IN ({','.join(map(str, seqs))}) ORDER BY seq").fetchall()
        self.rows = [dict(zip(names, row)) for row in rows]
        self.json_fields = {}
        self.usual_paths = database.execute(
            "SELECT blob, path FROM leaves WHERE len(path) < 60 GROUP BY 1, 2 HAVING count(*) > 3 ORDER BY count(*) DESC, 1, 2 LIMIT 300"
        ).fetchall()

    # Fields

    def json_field(self, blob, path):
        """A path inside of free data, as a table of the lists of its values."""
        if (blob, path) not in self.json_fields:
            table = f"json_{len(self.json_fields)}"
            self.database.execute(
                f"CREATE TABLE {table} AS SELECT seq, list(DISTINCT text) AS v FROM leaves "
                f"WHERE blob = {sql_text(blob)} AND path = {sql_text(path)} GROUP BY seq"
            )
            names = ".".join(
                name if name.isascii() and all(c.isalnum() or c in "_-" for c in name) else json.dumps(name, ensure_ascii=False)
                for name in json.loads(path)
            )
            field = Field(f"{blob}.{names}", "json", f"{table}.v")
            field.table = table
            self.json_fields[blob, path] = field
        return self.json_fields[blob, path]

    def any_field(self, *kinds):
        if not kinds or "json" in kinds:
            if self.random.random() < 0.12 or kinds == ("json",):
                return self.json_field(*self.random.choice(self.usual_paths))
        return self.random.choice([field for field in self.fields.values() if not kinds or field.kind in kinds])

    def name(self, field):
        return SHORT[field.path] if field.path in SHORT and self.random.random() < 0.4 else field.path

    def values(self, field, row):
        """Texts of the field: those of the row, else of others, else one that nobody has."""
        for at in [row, *self.random.choices(self.rows, k=30)]:
            if field.kind == "json":
                found = self.database.execute(f"SELECT v FROM {field.table} ORDER BY hash(seq + {at['seq']}) LIMIT 1").fetchone()
                value = found and found[0]
            else:
                value = at[field.sql.removeprefix("e.")]
            texts = [x for x in (value if isinstance(value, list) else [value]) if x is not None]
            if texts:
                return sorted(texts)
        return ["nobody has this" if field.kind in ("text", "list", "json") else 17]

    # Conditions: a text for the line, and the SQL

    def clause(self, row):
        make = self.random.choices(
            [self.text_clause, self.int_clause, self.time_clause, self.role_clause, self.word_clause, self.severity_clause],
            [50, 14, 10, 10, 8, 8],
        )[0]
        line, sql = make(row)
        if self.random.random() < 0.2:
            return "-" + line, f"NOT ({sql})"
        return line, sql

    def text_clause(self, row):
        random = self.random
        field = self.any_field("text", "list", "json")
        if random.random() < 0.5:  # a field that the row has
            here = [field for field in self.fields.values() if field.kind in ("text", "list") and row[field.sql[2:]]]
            field = random.choice(here)
        texts = [text for text in self.values(field, row) if len(text) <= 80 and "\0" not in text] or ["x"]
        if field.path == "context.ip" and random.random() < 0.5:
            return self.network_clause(field, random.choice(texts))
        if field.path in ("outcome", "severity"):
            texts = texts[:1]
        name, how = self.name(field), random.random()
        if how < 0.08:
            return f"{name}:*", field.any(lambda x: "true")
        if how < 0.16 and field.path not in ("outcome", "severity", "context.ip"):
            return self.bounds_clause(field, name, random.choice(texts))
        words, tests = [], []
        for _ in range(1 if random.random() < 0.75 else random.randint(2, 4)):
            text = random.choice(texts)
            wild = random.random() < 0.4
            word, test = self.pattern(text) if wild else (literal(text, random), is_text(text))
            words.append(word)
            tests.append(test)
            more = self.values(field, random.choice(self.rows))
            texts = [text for text in more if len(text) <= 80 and "\0" not in text] or texts
        sql = field.any(lambda x: " OR ".join(f"({test(x)})" for test in tests))
        if random.random() < 0.1:
            return f"{name}!={','.join(words)}", f"NOT {sql}"
        return f"{name}{random.choice(':::=')}{','.join(words)}", sql

    def pattern(self, text):
        """A pattern that the text matches, mostly."""
        random = self.random
        cut = random.randint(0, len(text))
        parts = random.choice([
            [(text[:cut], False), ("*", True)],
            [("*", True), (text[cut:], False)],
            [("*", True), (text[cut : cut + 3], False), ("*", True)],
            [(text[:cut], False), ("?", True), (text[cut + 1 :], False)],
            [(text[:1], False), ("*", True), (text[-1:], False)],
        ])
        word = "".join(part if wild else (literal(part, random) if part else "") for part, wild in parts)
        pattern = sql_text(regex(parts))
        return word, lambda x: f"regexp_full_match({x}, {pattern}, 's')"

    def bounds_clause(self, field, name, text):
        """Numbers in a field of texts."""
        try:
            at = int(text)
        except ValueError:
            at = self.random.choice([0, 1, 42, 200, 10**6])
        if abs(at) > 2**53:
            at = 7
        return self.bounds(field, name, at, str, lambda at: (at, at), between)

    def bounds(self, field, name, at, write, span, test):
        """A comparison or a range; a value that is written covers a span."""
        random = self.random
        other = at + abs(at) // 10 + random.randrange(100)
        low, high = span(at)
        sign = random.choice([">=", ">", "<=", "<", "..", "..", "from", "to"])
        if sign in ("..", "from", "to"):
            words = {"..": f"{write(at)}..{write(other)}", "from": f"{write(at)}..", "to": f"..{write(at)}"}
            ends = {"..": (low, span(other)[1]), "from": (low, ENDS[1]), "to": (ENDS[0], high)}[sign]
            return f"{name}:{words[sign]}", field.any(test(*ends))
        ends = {">=": (low, ENDS[1]), ">": (high + 1, ENDS[1]), "<=": (ENDS[0], high), "<": (ENDS[0], low - 1)}[sign]
        return f"{name}{random.choice(['', ':'])}{sign}{write(at)}", field.any(test(*ends))

    def int_clause(self, row):
        random, field = self.random, self.any_field("int")
        name, at, how = self.name(field), self.values(field, row)[0], self.random.random()
        number = lambda low, high: lambda _: f"{field.sql} BETWEEN {low}::BIGINT AND {high}::BIGINT"
        if how < 0.1:
            return f"{name}:*", field.any(lambda x: "true")
        if how < 0.2:
            word, test = self.pattern(str(at))
            return f"{name}:{word}", field.any(test)
        if how < 0.5:
            others = [self.values(field, random.choice(self.rows))[0] for _ in range(random.randrange(3))]
            numbers = [at, *others]
            sql = field.any(lambda _: f"{field.sql} IN ({','.join(map(str, numbers))})")
            line = ",".join(map(str, numbers))
            return (f"{name}!={line}", f"NOT {sql}") if random.random() < 0.2 else (f"{name}:{line}", sql)
        return self.bounds(field, name, at, str, lambda at: (at, at), number)

    def time_clause(self, row):
        random, field = self.random, self.any_field("time")
        if random.random() < 0.5:
            field = self.fields["occurred_at"]
        value = self.values(field, row)[0]
        at = micros(value) if isinstance(value, datetime.datetime) else 1_790_000_000_000_000
        at = min(at, 253_300_000_000_000_000)
        day_us = 24 * 3_600_000_000
        by_day = random.random() < 0.5
        write = (lambda us: rfc3339(us)[:10]) if by_day else rfc3339
        span = (lambda us: (us // day_us * day_us, us // day_us * day_us + day_us - 1)) if by_day else (lambda us: (us, us))
        number = lambda low, high: lambda _: f"epoch_us({field.sql}) BETWEEN {low}::BIGINT AND {high}::BIGINT"
        how = random.random()
        if how < 0.1:
            return f"{field.path}:*", field.any(lambda x: "true")
        if how < 0.2:
            cut = random.randint(4, 20)
            text = rfc3339(at)[:cut]
            return f'{field.path}:"{text}"*', field.any(lambda x: f"starts_with({x}, {sql_text(text)})")
        if how < 0.35:
            return f"{field.path}:{write(at)}", field.any(number(*span(at)))
        wide = lambda us: min(us, 253_300_000_000_000_000)
        return self.bounds(field, field.path, at, lambda us: write(wide(us)), lambda us: span(wide(us)), number)

    def network_clause(self, field, text):
        address = ipaddress.ip_address(text)
        bits = self.random.choice([8, 12, 16, 24, 30, 32, 0]) if address.version == 4 else self.random.choice([7, 10, 32, 64, 128])
        network = ipaddress.ip_network((text, bits), strict=False)
        written = f"{text}/{bits}" if self.random.random() < 0.5 else str(network)
        low, high = int(network.network_address), int(network.broadcast_address)
        sql = f"SELECT text FROM addresses WHERE version = {network.version} AND number BETWEEN '{low:032x}' AND '{high:032x}'"
        return f"{self.name(field)}:{written}", f"coalesce({field.sql} IN ({sql}), false)"

    def role_clause(self, row):
        random = self.random
        role = random.choice([*ROLES, "target", "actor"])
        section, ids = ROLES[role]
        known = row[f"{section}_{random.choice(ids)}"]
        known = next((x for x in (known if isinstance(known, list) else [known]) if x), None)
        text = known if known and len(known) <= 80 else random.choice(["42", "user", "abc"])
        word, test = self.pattern(text) if random.random() < 0.3 else (literal(text, random), is_text(text))
        type_test = "true"
        typed = random.random() < 0.5
        types = [x for x in self.values(self.fields[f"{section}.type"], row) if len(x) < 40]
        type = random.choice(types or ["user"])
        if typed:
            bare = type if role == "target" or type in ACTOR_TYPES else None
            word = (literal(type, random) if bare else '"' + type.replace("\\", "\\\\").replace('"', '\\"') + '"') + ":" + word
        if section == "actor":
            if typed:
                type_test = f"e.actor_type = {sql_text(type)}"
            sql = " OR ".join(f"coalesce({test(f'e.actor_{id}')}, false)" for id in ids)
            return f"{role}:{word}", f"(coalesce({type_test}, false) AND ({sql}))"
        if typed:
            type_test = f"e.{section}_type[i] = {sql_text(type)}"
        sql = " OR ".join(f"coalesce({test(f'e.{section}_{id}[i]')}, false)" for id in ids)
        places = f"range(1, coalesce(len(e.{section}_type), 0) + 1)"
        return f"{role}:{word}", f"len(list_filter({places}, lambda i: coalesce({type_test}, false) AND ({sql}))) > 0"

    def word_clause(self, row):
        """A text anywhere, whatever the case."""
        random = self.random
        texts = [v for v in row.values() if isinstance(v, str) and v.isascii() and "\0" not in v]
        text = random.choice(texts)
        at = random.randrange(len(text))
        text = text[at : at + random.randint(2, 12)]
        if random.random() < 0.3:
            text = text.swapcase()
        inside = json.dumps(text)[1:-1]
        sql = f"(contains(e.all_terms, {sql_text(text.lower())}) OR contains(e.all_json, {sql_text(inside.lower())}))"
        bare = text.isalnum() and random.random() < 0.5
        return (text if bare else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'), sql

    def severity_clause(self, row):
        sign, word = self.random.choice([">=", ">", "<=", "<"]), self.random.choice(["low", "medium", "high"])
        at = SEVERITIES.index(word)
        kept = {">=": SEVERITIES[at:], ">": SEVERITIES[at + 1 :], "<=": SEVERITIES[: at + 1], "<": SEVERITIES[:at]}[sign]
        return f"severity{sign}{word}", f"coalesce(e.severity IN ({','.join(map(sql_text, kept))}), false)"

    # Whole questions

    def filter(self):
        """A filter line and its SQL."""
        random, row = self.random, self.random.choice(self.rows)
        clauses = [self.clause(row) for _ in range(random.choices([0, 1, 2, 3, 5], [12, 38, 28, 14, 8])[0])]
        low, high = 0, self.end_seq - 1  # what is recorded meanwhile is in no export
        if random.random() < 0.2:
            low, high = sorted((random.randrange(self.end_seq), random.randrange(self.end_seq)))
        clauses.append((f"seq:{low}..{high}" if low else f"seq:..{high}", f"e.seq BETWEEN {low} AND {high}"))
        occurred = row["occurred_at"]
        hour = 3_600_000_000
        if random.random() < 0.2:
            at = min(micros(occurred), 253_300_000_000_000_000) // hour * hour + random.choice([0, 0, 1])
            at = at if random.random() < 0.5 else at // (24 * hour) * 24 * hour
            whole = at % (24 * hour) == 0 and random.random() < 0.5
            name, sign = random.choice([("since", ">="), ("until", "<")])
            clauses.append((f"{name}:{rfc3339(at)[:10] if whole else rfc3339(at)}", f"epoch_us(e.occurred_at) {sign} {at}"))
        random.shuffle(clauses)
        line = " ".join(line for line, _ in clauses)
        return line, " AND ".join(f"({sql})" for _, sql in clauses)


def source(where, fields=()):
    """The table of events, with the free data that is asked for."""
    tables = {field.table for field in fields if field.kind == "json"}
    tables |= {word.split(".")[0] for word in where.replace("(", " ").replace(",", " ").split() if word.startswith("json_")}
    return "events e" + "".join(f" LEFT JOIN {table} ON {table}.seq = e.seq" for table in sorted(tables))
