"""Random aggregates, each as parameters and as SQL over a Parquet export of the same log, by their documentation."""

from questions import source

BUCKETS = ["minute", "hour", "day", "week", "month", "hour_of_day", "weekday"]
ZONES = ["Europe/Vienna", "America/New_York", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"]


def drawn(questions):
    """A random aggregate."""
    random = questions.random
    groups = []
    for _ in range(random.choices([0, 1, 2, 3, 4], [10, 35, 33, 18, 4])[0]):
        if random.random() < 0.35:
            groups.append(random.choice(BUCKETS))
        elif random.random() < 0.5:
            groups.append(questions.fields[random.choice(["action", "outcome", "severity", "tenant", "reason", "actor.type", "tags"])])
        else:
            groups.append(questions.any_field())
    measures = []
    for _ in range(random.choices([1, 2, 3, 4], [45, 30, 15, 10])[0]):
        kind = random.choices(["count", "distinct", "first", "last", "percentile"], [45, 25, 8, 8, 14])[0]
        if kind == "distinct":
            measures.append((kind, questions.any_field(), None))
        elif kind == "percentile":
            measures.append((kind, questions.any_field("int", "time"), random.choice([0, 1, 50, 75, 95, 99, 100])))
        else:
            measures.append((kind, None, None))
    return Aggregate(questions, groups, measures)


class Aggregate:
    """What to group by and to measure, how the answer is to be kept, ordered and cut."""

    def __init__(self, questions, groups, measures):
        random = questions.random
        self.groups, self.measures = groups, measures
        self.names = [group if isinstance(group, str) else questions.name(group) for group in groups]
        self.measure_names = [
            {"distinct": lambda: f"distinct({questions.name(field)})", "percentile": lambda: f"p{percent}({questions.name(field)})"}
            .get(kind, lambda: kind)()
            for kind, field, percent in measures
        ]
        self.params = {"group_by": ",".join(self.names), "measure": ",".join(self.measure_names)}
        self.zone = random.choice(ZONES) if random.random() < 0.4 else "UTC"
        if self.zone != "UTC":
            self.params["tz"] = self.zone
        self.having = self.order = None
        numbers = [nth for nth in range(len(measures)) if not self.is_time(nth)]
        if numbers and random.random() < 0.3:
            nth, bound, above = random.choice(numbers), random.choice([1, 2, 3, 10, 100, 1000]), random.random() < 0.3
            self.having = (nth, bound + above)
            self.params["having"] = f"{self.measure_names[nth]}{'>' if above else '>='}{bound}"
        if random.random() < 0.5 and (groups or measures):
            name = random.choice([*self.names, *self.measure_names])
            falling = random.random() < 0.5
            self.order = (self.meant_by(name), falling)
            self.params["order"] = ("-" if falling else "") + name
        self.limit = random.choice([None, None, 1, 7, 50, 3000])
        if self.limit:
            self.params["limit"] = str(self.limit)

    def meant_by(self, name):
        """The first column of a name; a measure, where a field is called like it."""
        if name in self.measure_names:
            return len(self.groups) + self.measure_names.index(name)
        return self.names.index(name)

    def is_time(self, nth):
        kind, field, _ = self.measures[nth]
        return kind in ("first", "last") or (kind == "percentile" and field.kind == "time")

    def time_columns(self):
        """Which columns of the table hold times."""
        keys = [group in ("minute", "hour", "day", "week", "month") or getattr(group, "kind", "") == "time" for group in self.groups]
        return keys + [self.is_time(nth) for nth in range(len(self.measures))]

    def sql(self, where):
        keys = []
        for group in self.groups:
            if group == "hour_of_day":
                keys.append("[extract(hour FROM e.occurred_at)]")
            elif group == "weekday":
                keys.append("[extract(isodow FROM e.occurred_at)]")
            elif group in ("minute", "hour"):
                # An hour that the clock goes through twice is two hours.
                width = {"minute": 60_000_000, "hour": 3_600_000_000}[group]
                local = f"epoch_us(timezone('{self.zone}', e.occurred_at))"
                keys.append(f"[epoch_us(e.occurred_at) - (({local} % {width}) + {width}) % {width}]")
            elif isinstance(group, str):
                keys.append(f"[epoch_us(date_trunc('{group}', e.occurred_at))]")
            else:
                keys.append(group.keys())
        measures = []
        for kind, field, percent in self.measures:
            if kind == "distinct":
                measures.append(field.distinct())
            elif kind == "percentile":
                number = field.number()
                rank = f"greatest(1, (count({number}) * {percent} + 99) // 100)"
                measures.append(f"(list_sort(list({number}) FILTER ({number} IS NOT NULL)))[{rank}]")
            else:
                time = "epoch_us(e.occurred_at)"
                measures.append({"count": "count(*)", "first": f"min({time})", "last": f"max({time})"}[kind])
        from_keys = "".join(f", (SELECT unnest({key}) AS k{nth})" for nth, key in enumerate(keys))
        fields = [field for field in self.groups if not isinstance(field, str)] + [field for _, field, _ in self.measures if field]
        columns = [f"k{nth}" for nth in range(len(keys))]
        grouped = f" GROUP BY {','.join(columns)}" if columns else ""
        return f"SELECT {', '.join(columns + measures)} FROM {source(where, fields)}{from_keys} WHERE {where}{grouped}"

    def table(self, rows):
        """What the API should give of all rows: those kept, in order, and how many there were."""
        width = len(self.groups)
        rows = [list(row) for row in rows]
        if self.having:
            nth, bound = self.having
            rows = [row for row in rows if row[width + nth] is not None and row[width + nth] >= bound]
        key = lambda value: (0,) if value is None else (1, value)
        rows.sort(key=lambda row: [key(value) for value in row[:width]])
        at, falling = self.order or self.default_order()
        # Stable in both directions: what is equal stays in the order of the keys.
        rows.sort(key=lambda row: key(row[at]), reverse=falling)
        return rows[: self.limit or 1000], len(rows)

    def default_order(self):
        """Time goes on; of everything else the most comes first."""
        counts = [nth for nth, (kind, _, _) in enumerate(self.measures) if kind == "count"]
        if (self.groups and isinstance(self.groups[0], str)) or not counts:
            return 0, False
        return len(self.groups) + counts[0], True
