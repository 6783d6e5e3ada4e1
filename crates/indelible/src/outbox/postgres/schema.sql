-- The outbox of Indelible, for Postgres 13 or later. Apply it in one transaction; applying it again changes nothing.
--
-- In the transaction of the change:  SELECT indelible_record('{"action": "invoice.approved", ...}')
--
-- Rights, where the roles are named app and drainer:
--   GRANT EXECUTE ON FUNCTION public.indelible_record(jsonb) TO app;
--   GRANT SELECT, DELETE, UPDATE (settled_at, problem) ON public.indelible_outbox TO drainer;

-- Two may apply it at the same time.
SELECT pg_advisory_xact_lock(1768842348, 0);

CREATE SEQUENCE IF NOT EXISTS public.indelible_outbox_id;

CREATE TABLE IF NOT EXISTS public.indelible_outbox (
    -- Below zero until the transaction commits; then its place in the order, see indelible_outbox_number.
    id         bigint PRIMARY KEY DEFAULT -nextval('public.indelible_outbox_id'),
    -- What the log knows the event by, so that it is there once.
    key        uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event      jsonb NOT NULL CHECK (
        CASE jsonb_typeof(event) WHEN 'object' THEN
            coalesce(jsonb_typeof(event -> 'action'), '') = 'string' AND NOT event ? 'idempotency_key'
        ELSE false END
    ),
    -- When the log had it, or it was parked.
    settled_at timestamptz,
    -- Why it was parked.
    problem    text
);
CREATE INDEX IF NOT EXISTS indelible_outbox_waiting ON public.indelible_outbox (id) WHERE settled_at IS NULL;

-- Puts an event into the outbox; gives the key that the log will know it by, after "outbox:".
CREATE OR REPLACE FUNCTION public.indelible_record(event jsonb) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.indelible_outbox (event) VALUES ($1) RETURNING key
$$;
REVOKE ALL ON FUNCTION public.indelible_record(jsonb) FROM PUBLIC;

-- Numbers the rows of a transaction when it commits.
--
-- Rows get their ids while transactions run side by side, so ids tell nothing of the order of commits: a transaction may
-- record first and change last. Here, at the very end, it takes a lock for each target (each of 1,024 groups of them, so that
-- a change of a million rows takes no million locks; in one order, so that nobody waits in a circle), and only then numbers. The
-- locks are given back after the commit is visible. So of two transactions with a target in common the one with the lower numbers was
-- committed and visible first, and whoever sees the later one sees the earlier one. No reader has to wait for transactions
-- that still run.
CREATE OR REPLACE FUNCTION public.indelible_outbox_number() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    own bigint[];
BEGIN
    -- The first row numbers all.
    IF NOT EXISTS (SELECT FROM public.indelible_outbox WHERE id = NEW.id) THEN
        RETURN NULL;
    END IF;
    -- Nobody else's rows below zero can be seen. Whatever the planner takes the table for, with two bounds, and no scan of the
    -- whole, it finds a few rows by the index.
    own := ARRAY(
        SELECT id FROM public.indelible_outbox WHERE id BETWEEN -9223372036854775807 AND NEW.id ORDER BY id DESC
    );
    PERFORM pg_advisory_xact_lock(1768842348, target_group) FROM (
        SELECT DISTINCT 1 + (hashtext(jsonb_build_array(target -> 'type', target -> 'id')::text) & 1023) AS target_group
        FROM public.indelible_outbox, jsonb_array_elements(
            CASE jsonb_typeof(event -> 'targets') WHEN 'array' THEN event -> 'targets' ELSE '[]' END
        ) AS target
        WHERE id = ANY (own)
        ORDER BY 1
    ) AS groups;
    UPDATE public.indelible_outbox AS row SET id = numbered.id
    FROM (SELECT recorded, nextval('public.indelible_outbox_id') AS id FROM unnest(own) AS recorded) AS numbered
    WHERE row.id = numbered.recorded;
    RETURN NULL;
END
$$;

-- Wakes the drainer. Where very many transactions commit at once it may cost more than it is worth, and a transaction that
-- notifies cannot be prepared (two-phase commit): ALTER TABLE indelible_outbox DISABLE TRIGGER indelible_outbox_notify.
-- Then the drainer looks every five seconds.
CREATE OR REPLACE FUNCTION public.indelible_outbox_notify() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('indelible_outbox', '');
    RETURN NULL;
END
$$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'public.indelible_outbox'::regclass AND tgname = 'indelible_outbox_number') THEN
        CREATE CONSTRAINT TRIGGER indelible_outbox_number AFTER INSERT ON public.indelible_outbox
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id < 0) EXECUTE FUNCTION public.indelible_outbox_number();
        CREATE TRIGGER indelible_outbox_notify AFTER INSERT ON public.indelible_outbox
            FOR EACH STATEMENT EXECUTE FUNCTION public.indelible_outbox_notify();
    END IF;
END
$$;

-- What follows is for the triggers that `indelible outbox triggers` makes.

-- Who acts: indelible.actor, the id of a user or an actor as JSON; else the role of the database.
CREATE OR REPLACE FUNCTION public.indelible_actor() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN actor IS NULL OR actor = '' THEN
            jsonb_build_object('type', 'system', 'id', coalesce(nullif(current_setting('role', true), 'none'), session_user))
        WHEN actor LIKE '{%' THEN actor::jsonb
        ELSE jsonb_build_object('type', 'user', 'id', actor)
    END FROM (SELECT current_setting('indelible.actor', true)) AS setting (actor)
$$;

-- A value as the log can hold it: what is long is cut, with a mark; numbers that a double would not hold, and what is nested
-- deep, are text.
CREATE OR REPLACE FUNCTION public.indelible_value(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN length(plain) > 1000 THEN to_jsonb(left(plain, 200) || '... [' || length(plain) || ' characters]')
        WHEN kind = 'number' AND length(translate(plain, '-.', '')) > 15 THEN to_jsonb(plain)
        WHEN kind IN ('object', 'array') AND (plain ~ '[0-9.]{16}' OR length(regexp_replace(plain, '[^[{]', '', 'g')) > 8) THEN to_jsonb(plain)
        ELSE value
    END FROM (SELECT value #>> '{}', jsonb_typeof(value)) AS text (plain, kind)
$$;

-- Arguments: type of the targets, columns of the primary key, columns left out, columns whose values are masked.
CREATE OR REPLACE FUNCTION public.indelible_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys text[] := TG_ARGV[1];
    excluded text[] := TG_ARGV[2];
    masked text[] := TG_ARGV[3];
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb := to_jsonb(NEW);
    action text := 'resource.' || CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END;
    event jsonb := coalesce(nullif(current_setting('indelible.event', true), ''), '{}');
    before jsonb;
    after jsonb;
    targets jsonb;
BEGIN
    event := event || jsonb_build_object('action', action, 'actor', public.indelible_actor());
    IF TG_OP = 'TRUNCATE' THEN
        event := event || jsonb_build_object(
            'targets', jsonb_build_array(jsonb_build_object('type', 'table', 'id', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME)),
            'metadata', jsonb_build_object('truncated', true)
        );
        INSERT INTO public.indelible_outbox (event) VALUES (event);
        RETURN NULL;
    END IF;

    SELECT jsonb_object_agg(name, CASE WHEN name = ANY (masked) THEN '"[REDACTED]"' ELSE public.indelible_value(value) END) INTO before
    FROM jsonb_each(old_row - excluded) AS field (name, value)
    WHERE TG_OP <> 'UPDATE' OR new_row -> name IS DISTINCT FROM value;
    SELECT jsonb_object_agg(name, CASE WHEN name = ANY (masked) THEN '"[REDACTED]"' ELSE public.indelible_value(value) END) INTO after
    FROM jsonb_each(new_row - excluded) AS field (name, value)
    WHERE TG_OP <> 'UPDATE' OR old_row -> name IS DISTINCT FROM value;
    IF before IS NULL AND after IS NULL AND TG_OP = 'UPDATE' THEN
        RETURN NULL;
    END IF;

    -- The row by its key; by the old one too where an update changes that. An empty text is no id, and the log takes 512 bytes.
    SELECT jsonb_agg(jsonb_build_object('type', TG_ARGV[0], 'id', coalesce(nullif(left(id, 128), ''), '""')) ORDER BY place) INTO targets
    FROM (
        SELECT DISTINCT ON (id) id, place FROM (
            SELECT place, CASE WHEN cardinality(keys) = 1 THEN row ->> keys[1] ELSE (
                SELECT jsonb_agg(row -> key ORDER BY nth)::text FROM unnest(keys) WITH ORDINALITY AS column_of (key, nth)
            ) END AS id
            FROM (VALUES (1, new_row), (2, old_row)) AS rows (place, row) WHERE row IS NOT NULL
        ) AS ids ORDER BY id, place
    ) AS named;

    event := event || jsonb_build_object('targets', targets);
    IF coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0) < 200000 THEN
        event := event || jsonb_build_object('changes', jsonb_build_object('before', before, 'after', after));
    ELSE
        event := event || jsonb_build_object('metadata', jsonb_build_object('changes_omitted', 'more than 200,000 bytes'));
    END IF;
    INSERT INTO public.indelible_outbox (event) VALUES (event);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION public.indelible_changes() FROM PUBLIC;
