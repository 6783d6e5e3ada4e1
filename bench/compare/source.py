"""The events as every other system gets them: the columns of an Indelible export, ready to be inserted."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Column here: column of the export. All that the generator fills, without `id`: `seq` is the key, which spares the
# others 16 bytes an event.
COLUMNS = {
    "seq": "seq",
    "recorded_at": "recorded_at",
    "occurred_at": "occurred_at",
    "tenant": "tenant",
    "action": "action",
    "outcome": "outcome",
    "severity": "severity",
    "reason": "reason",
    "source_service": "source_service",
    "actor_type": "actor_type",
    "actor_id": "actor_id",
    "credential_kind": "credential_kind",
    "credential_id": "credential_id",
    "session_id": "session_id",
    "target_type": "targets_type",
    "target_id": "targets_id",
    "ip": "context_ip",
    "user_agent": "context_user_agent",
    "http_method": "http_method",
    "http_route": "http_route",
    "http_status": "http_status",
    "http_latency_us": "http_latency_us",
    "metadata": "metadata",
}
# Of the systems with B-trees: each index covers a question.
INDEXES = {
    "by_token": "credential_id, occurred_at, ip",
    "by_actor": "actor_id, credential_id",
    "by_outcome": "outcome, occurred_at, ip",
    "by_action": "action, occurred_at",
    "by_ip": "ip",
}
INTEGERS = {"seq", "http_status", "http_latency_us"}
TIMES = {"recorded_at", "occurred_at"}


def tables(parquet, rows):
    """Arrow tables of that many rows each, in the order of the log."""
    for batch in pq.ParquetFile(parquet).iter_batches(rows, columns=list(COLUMNS.values())):
        yield pa.table({name: plain(batch.column(exported)) for name, exported in COLUMNS.items()})


def slices(parquet, rows, events):
    """Tables of `rows` rows: the first `events` events."""
    for table in tables(parquet, 100_000):
        for start in range(0, min(table.num_rows, events), rows):
            yield table.slice(start, min(rows, events - start))
        events -= table.num_rows
        if events <= 0:
            return


def rest(parquet, rows, events):
    """Tables of up to `rows` rows: all but the first `events` events."""
    for table in tables(parquet, rows):
        if table.num_rows > events:
            yield table.slice(events)
        events = max(0, events - table.num_rows)


def plain(column):
    """Without lists (an event of the generator has one target at most), extension types and time zones (all is UTC)."""
    if pa.types.is_list(column.type):
        return pc.list_element(column, 0)
    if isinstance(column, pa.ExtensionArray):
        return column.storage.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"))
    return column
