-- +goose Up
-- One row a renewal, made when its code is sold. Times are seconds since the epoch, 0 is "not yet".
-- Documents stand last, so that reading a renewal does not read them.
CREATE TABLE renewals (
    id              TEXT PRIMARY KEY,
    code_mac        BLOB NOT NULL UNIQUE,   -- HMAC-SHA-256 of the code, key outside the database
    months          INTEGER NOT NULL CHECK (months IN (12, 24, 36)),
    target          TEXT NOT NULL,
    contract_with   TEXT NOT NULL DEFAULT '',
    contract_about  TEXT NOT NULL DEFAULT '',
    created         INTEGER NOT NULL,
    expires         INTEGER NOT NULL,
    state           TEXT NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    changed         INTEGER NOT NULL,
    session         BLOB UNIQUE,            -- SHA-256 of the session id of the browser that carries it
    session_until   INTEGER NOT NULL DEFAULT 0,
    lease           TEXT NOT NULL DEFAULT '', -- held while issuer or SAM draw something up
    lease_until     INTEGER NOT NULL DEFAULT 0,
    start           TEXT NOT NULL DEFAULT '',
    subject         TEXT NOT NULL DEFAULT '{}',
    not_before      INTEGER NOT NULL DEFAULT 0,
    not_after       INTEGER NOT NULL DEFAULT 0,
    language        TEXT NOT NULL DEFAULT '',
    number          TEXT NOT NULL DEFAULT '',
    byte_range      TEXT NOT NULL DEFAULT '[]',
    digest          BLOB NOT NULL DEFAULT x'',
    application_seal TEXT NOT NULL DEFAULT '',
    enrolment       TEXT NOT NULL DEFAULT '',
    enrolment_url   TEXT NOT NULL DEFAULT '',
    terms           TEXT NOT NULL DEFAULT '',
    terms_sha256    TEXT NOT NULL DEFAULT '',
    privacy         TEXT NOT NULL DEFAULT '',
    privacy_sha256  TEXT NOT NULL DEFAULT '',
    terms_at        INTEGER NOT NULL DEFAULT 0,
    signed_at       INTEGER NOT NULL DEFAULT 0,
    phone_state     TEXT NOT NULL DEFAULT '',
    phone_version   INTEGER NOT NULL DEFAULT 0,
    phone_code      TEXT NOT NULL DEFAULT '',
    phone_statement TEXT NOT NULL DEFAULT '',
    email           TEXT NOT NULL DEFAULT '',
    phone           TEXT NOT NULL DEFAULT '',
    confirmation_seal      TEXT NOT NULL DEFAULT '',
    confirmation_statement TEXT NOT NULL DEFAULT '',
    confirmed_at    INTEGER NOT NULL DEFAULT 0,
    issued_at       INTEGER NOT NULL DEFAULT 0,
    delivered       INTEGER NOT NULL DEFAULT 0,
    certificate     BLOB NOT NULL DEFAULT x'',
    new_certificate BLOB NOT NULL DEFAULT x'',
    new_chain       TEXT NOT NULL DEFAULT '[]',
    application_cms BLOB NOT NULL DEFAULT x'',
    confirmation    BLOB NOT NULL DEFAULT x'',
    confirmation_cms BLOB NOT NULL DEFAULT x'',
    application     BLOB NOT NULL DEFAULT x'',
    application_signed BLOB NOT NULL DEFAULT x''
) STRICT;

-- Renewals that the portal finishes by itself when the browser has gone.
CREATE INDEX renewals_unfinished ON renewals (state) WHERE state IN ('confirmed', 'issuing', 'issued') AND delivered = 0;

-- Withdrawn applications and enrolments of which issuer and SAM still have to be told.
CREATE TABLE voids (
    kind    TEXT NOT NULL CHECK (kind IN ('application', 'enrolment')),
    subject TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT;

-- A trigger, so that no transition can forget an application without leaving its void behind, and
-- each transition stays one statement.
-- +goose StatementBegin
CREATE TRIGGER renewals_void AFTER UPDATE OF number, enrolment ON renewals
WHEN OLD.number <> '' AND NEW.number <> OLD.number
BEGIN
    INSERT INTO voids (kind, subject) VALUES ('application', OLD.number), ('enrolment', OLD.enrolment)
    ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

-- Failed tries of codes, counted for each client (hashed with the key) and, as '', for all.
CREATE TABLE tries (
    client       BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (client, window_start)
) STRICT;

-- +goose Down
DROP TABLE tries;
DROP TRIGGER renewals_void;
DROP TABLE voids;
DROP TABLE renewals;
