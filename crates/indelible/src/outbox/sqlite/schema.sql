-- The outbox of Indelible, for SQLite 3.38 or later. Applying it again changes nothing.
--
-- In the transaction of the change:  INSERT INTO indelible_outbox (event) VALUES ('{"action": "invoice.approved", ...}')
CREATE TABLE IF NOT EXISTS indelible_outbox (
    -- SQLite has one writer at a time, so this is the order in which transactions were committed. No id is used twice.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the log knows the event by, so that it is there once.
    key        TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    event      TEXT NOT NULL CHECK (
        CASE WHEN json_valid(event) THEN
            json_type(event) IS 'object' AND json_type(event, '$.action') IS 'text' AND json_type(event, '$.idempotency_key') IS NULL
        ELSE false END
    ),
    -- When the log had it, or it was parked.
    settled_at TEXT,
    -- Why it was parked.
    problem    TEXT
);
CREATE INDEX IF NOT EXISTS indelible_outbox_waiting ON indelible_outbox (id) WHERE settled_at IS NULL;
