-- +goose Up

-- Every certificate that the CA issued to a person, and how the person had been identified. What is
-- not here was not issued on any identification that the CA can vouch for.
CREATE TABLE certificates (
    sha256         BLOB    NOT NULL PRIMARY KEY, -- of der
    serial         TEXT    NOT NULL UNIQUE,      -- lower-case hexadecimal
    der            BLOB    NOT NULL,
    spki_sha256    BLOB    NOT NULL,
    identification TEXT    NOT NULL CHECK (identification IN ('eid', 'qualified_signature', 'other_means', 'in_person')),
    device         TEXT    NOT NULL,             -- certification id of the card, or 'cloud'
    registered_at  INTEGER NOT NULL,             -- this and all times: seconds since the epoch
    revoked_at     INTEGER,
    revoked_reason INTEGER                       -- RFC 5280 5.3.1
) STRICT;

CREATE INDEX certificates_by_key ON certificates (spki_sha256);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE applications (
    number         TEXT    NOT NULL PRIMARY KEY,
    state          TEXT    NOT NULL CHECK (state IN ('drawn_up', 'confirmed', 'issuing', 'issued', 'void')),
    certificate    BLOB    NOT NULL REFERENCES certificates (sha256), -- the one that signs
    origin         TEXT    NOT NULL,
    months         INTEGER NOT NULL,
    start          TEXT    NOT NULL CHECK (start IN ('now', 'after_current')),
    target         TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    contract_with  TEXT,
    contract_about TEXT,
    enrolment_url  TEXT    NOT NULL,
    not_before     INTEGER NOT NULL,
    not_after      INTEGER NOT NULL,
    document       BLOB    NOT NULL,
    range_start    INTEGER NOT NULL, -- of the placeholder
    range_end      INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    seal           TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    confirmation   INTEGER REFERENCES confirmations (id) -- the one that counts
) STRICT;

CREATE TABLE confirmations (
    id              INTEGER NOT NULL PRIMARY KEY,
    number          TEXT    NOT NULL REFERENCES applications (number),
    application_cms BLOB    NOT NULL,
    statement       TEXT    NOT NULL,
    email           TEXT    NOT NULL,
    phone           TEXT    NOT NULL,
    document        BLOB    NOT NULL,
    digest          BLOB    NOT NULL,
    seal            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- One row from the moment when issuing was decided; certificate is empty until the CA answered.
CREATE TABLE issues (
    number           TEXT    NOT NULL PRIMARY KEY REFERENCES applications (number),
    transaction_id   TEXT    NOT NULL UNIQUE,
    confirmation     INTEGER NOT NULL REFERENCES confirmations (id),
    application_cms  BLOB    NOT NULL,
    confirmation_cms BLOB    NOT NULL,
    started_at       INTEGER NOT NULL,
    certificate      BLOB    REFERENCES certificates (sha256),
    issued_at        INTEGER
) STRICT;

-- CRL numbers only grow (RFC 5280 5.2.3).
CREATE TABLE crl (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO crl (id, number) VALUES (1, 0);

-- +goose Down
DROP TABLE crl;
DROP TABLE issues;
DROP TABLE applications;
DROP TABLE confirmations;
DROP TABLE certificates;
