-- The tables of journals, many domains in one database. What must never change has no right to change, for anybody:
-- the writer's role may only insert and read, the reader's only read, and triggers stop whoever else tries.
--
-- What a writer may insert is decided here, not by the writer: one of an earlier epoch (DL001), one whose server or
-- session would lose what was acknowledged (DL002), and a block that does not follow (DL003) are refused.

CREATE TABLE head (
    domain text COLLATE "C" PRIMARY KEY,
    content bytea NOT NULL
);
CREATE TABLE epoch (
    domain text COLLATE "C" NOT NULL REFERENCES head,
    epoch bigint NOT NULL,
    PRIMARY KEY (domain, epoch)
);
CREATE TABLE block (
    domain text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
    epoch bigint NOT NULL,
    chain_hash bytea NOT NULL CHECK (length(chain_hash) = 32),
    content bytea NOT NULL,
    PRIMARY KEY (domain, number),
    UNIQUE (domain, first_seq)
);
CREATE TABLE checkpoint (
    domain text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    epoch bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (domain, number)
);

-- Derived from the blocks, and only faster: these may be rewritten.
CREATE TABLE snapshot (
    domain text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    seq bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (domain, number)
);
CREATE TABLE key (
    domain text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (domain, key)
);
CREATE TABLE indexed (
    domain text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL
);

-- Compressing a block costs more time than writing it.
ALTER TABLE block ALTER content SET STORAGE EXTERNAL;
ALTER TABLE snapshot ALTER content SET STORAGE EXTERNAL;

CREATE FUNCTION require_durable() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found text;
    safe text := 'fsync=on, full_page_writes=on, data_checksums=on, synchronous_commit=on';
BEGIN
    found := format('fsync=%s, full_page_writes=%s, data_checksums=%s, synchronous_commit=%s',
        current_setting('fsync'), current_setting('full_page_writes'), current_setting('data_checksums'),
        replace(current_setting('synchronous_commit'), 'remote_apply', 'on'));
    IF found <> safe THEN
        RAISE EXCEPTION USING ERRCODE = 'DL002', MESSAGE = 'the server or the session', DETAIL = found, HINT = safe;
    END IF;
    -- Else a trigger does not see an epoch that was claimed while it waited for the lock.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'DL002', MESSAGE = 'the isolation of the transaction',
            DETAIL = current_setting('transaction_isolation'), HINT = 'read committed';
    END IF;
END $$;

-- A claim excludes every writer of its domain until it is committed, a writer only excludes claims. So an insert lies
-- before a claim, and the claimant sees it, or behind one, and is refused.

CREATE FUNCTION claim_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM deleverage.require_durable();
    PERFORM pg_advisory_xact_lock('deleverage.epoch'::regclass::oid::int, hashtext(NEW.domain));
    NEW.epoch := (SELECT coalesce(max(e.epoch), 0) + 1 FROM deleverage.epoch e WHERE e.domain = NEW.domain);
    RETURN NEW;
END $$;

CREATE FUNCTION require_newest_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
BEGIN
    PERFORM deleverage.require_durable();
    PERFORM pg_advisory_xact_lock_shared('deleverage.epoch'::regclass::oid::int, hashtext(NEW.domain));
    newest := (SELECT max(e.epoch) FROM deleverage.epoch e WHERE e.domain = NEW.domain);
    IF NEW.epoch IS DISTINCT FROM newest THEN
        RAISE EXCEPTION USING ERRCODE = 'DL001', MESSAGE = 'the epoch of the writer', DETAIL = NEW.epoch::text,
            HINT = coalesce(newest::text, 'an epoch that was claimed');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION require_next_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next_number bigint;
    next_seq bigint;
BEGIN
    SELECT b.number + 1, b.last_seq + 1 INTO next_number, next_seq
        FROM deleverage.block b WHERE b.domain = NEW.domain ORDER BY b.number DESC LIMIT 1;
    IF (NEW.number, NEW.first_seq) IS DISTINCT FROM (coalesce(next_number, 1), coalesce(next_seq, 1)) THEN
        RAISE EXCEPTION USING ERRCODE = 'DL003', MESSAGE = 'a block and its first command',
            DETAIL = format('%s, %s', NEW.number, NEW.first_seq),
            HINT = format('%s, %s', coalesce(next_number, 1), coalesce(next_seq, 1));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'DL004', MESSAGE = format('%s on %s: append-only', TG_OP, TG_TABLE_NAME);
END $$;

-- Triggers of one table fire in the order of their names.
CREATE TRIGGER a_claim BEFORE INSERT ON epoch FOR EACH ROW EXECUTE FUNCTION claim_epoch();
CREATE TRIGGER a_epoch BEFORE INSERT ON block FOR EACH ROW EXECUTE FUNCTION require_newest_epoch();
CREATE TRIGGER b_next BEFORE INSERT ON block FOR EACH ROW EXECUTE FUNCTION require_next_block();
CREATE TRIGGER a_epoch BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION require_newest_epoch();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['head', 'epoch', 'block', 'checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    -- Roles belong to the server, not to the database: another database may have made them.
    FOREACH name IN ARRAY ARRAY['journal_writer', 'journal_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA deleverage FROM PUBLIC;
GRANT USAGE ON SCHEMA deleverage TO journal_writer, journal_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA deleverage TO journal_writer, journal_reader;
GRANT INSERT ON head, epoch, block, checkpoint TO journal_writer;
GRANT INSERT, UPDATE, DELETE ON snapshot, key, indexed TO journal_writer;
