-- The tables of the ordinary endpoint, in a database of their own.
-- The role ordinary_app owns nothing and lacks BYPASSRLS; :password is put in by installation.py.

CREATE TABLE api_key (
    digest    bytea PRIMARY KEY,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL
);

CREATE TABLE session (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    consumer_id uuid NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE queue (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL,
    sequence_id    uuid NOT NULL,
    experience_id  uuid NOT NULL,
    entry_open_at  timestamptz,
    open_at        timestamptz,
    close_at       timestamptz,
    paused         boolean NOT NULL DEFAULT false,
    ended          boolean NOT NULL DEFAULT false,
    supports_guest boolean NOT NULL DEFAULT true,
    admit_rate     integer NOT NULL,
    capacity       integer,
    waiting        integer NOT NULL DEFAULT 0,
    head           bigint NOT NULL DEFAULT 1,
    last_ticket    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    CHECK (capacity IS NULL OR waiting <= capacity)
) WITH (fillfactor = 20);  -- room for the next version of the hottest row beside it

CREATE TABLE participation (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL DEFAULT uuidv7(),
    queue_id      uuid NOT NULL,
    consumer_id   uuid NOT NULL,
    ticket        bigint NOT NULL,
    status        text NOT NULL DEFAULT 'QUEUED',
    entered_at    timestamptz NOT NULL,
    state_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queue
);
CREATE UNIQUE INDEX participation_live ON participation (tenant_id, queue_id, consumer_id)
    WHERE status IN ('QUEUED', 'GRANTED');
CREATE UNIQUE INDEX participation_ticket ON participation (tenant_id, queue_id, ticket);

CREATE TABLE outcome (
    tenant_id  uuid NOT NULL,
    command_id uuid NOT NULL,
    status     integer NOT NULL,
    body       bytea NOT NULL,
    kept_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, command_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['session', 'queue', 'participation', 'outcome'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own ON %I USING (tenant_id = '
            'NULLIF(current_setting(''ordinary.tenant'', true), '''')::uuid)', name);
    END LOOP;
END $$;

CREATE ROLE ordinary_app LOGIN NOBYPASSRLS PASSWORD :password;
GRANT SELECT ON api_key, session TO ordinary_app;
GRANT SELECT, UPDATE ON queue TO ordinary_app;
GRANT SELECT, INSERT ON participation, outcome TO ordinary_app;
