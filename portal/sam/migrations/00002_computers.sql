-- +goose Up

ALTER TABLE enrolments ADD COLUMN chain BLOB;                            -- of the certificate, DER one after the other
ALTER TABLE enrolments ADD COLUMN events INTEGER NOT NULL DEFAULT 0;     -- grows with what only the phone waits for
ALTER TABLE enrolments ADD COLUMN code_tries INTEGER NOT NULL DEFAULT 0; -- wrong codes of computers in the window
ALTER TABLE enrolments ADD COLUMN code_since INTEGER NOT NULL DEFAULT 0; -- when the window began, or the pause

CREATE UNIQUE INDEX enrolments_one_a_credential ON enrolments (credential) WHERE credential IS NOT NULL;

-- One row is one registration of a computer for one credential.
CREATE TABLE computers (
    id         TEXT PRIMARY KEY,
    key        BLOB NOT NULL,             -- SubjectPublicKeyInfo, P-256
    thumbprint TEXT NOT NULL,             -- SHA-256 of key, base64url: what the phone signs for
    name       TEXT NOT NULL,             -- what the computer calls itself
    nonce      BLOB NOT NULL,
    code       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'found', 'active', 'refused', 'expired', 'removed')),
    offered    TEXT REFERENCES enrolments (id), -- only this phone may find it; NULL is any phone
    enrolment  TEXT REFERENCES enrolments (id), -- the phone that found it
    client     TEXT,                      -- network address, while open: for the limit
    opened_at  INTEGER NOT NULL,          -- seconds since the epoch, as all times here
    expires_at INTEGER NOT NULL,
    since      INTEGER,                   -- active
    last_used  INTEGER
) STRICT;

CREATE UNIQUE INDEX computers_one_a_code ON computers (code) WHERE state IN ('open', 'found');
CREATE UNIQUE INDEX computers_one_an_offer ON computers (offered) WHERE state IN ('open', 'found') AND offered IS NOT NULL;
CREATE INDEX computers_by_client ON computers (client) WHERE state IN ('open', 'found');
CREATE INDEX computers_by_enrolment ON computers (enrolment);

-- What the portal hands to a computer of the person whose renewal was issued.
CREATE TABLE offers (
    hash       BLOB PRIMARY KEY,          -- SHA-256
    enrolment  TEXT NOT NULL REFERENCES enrolments (id),
    expires_at INTEGER NOT NULL
) STRICT;

-- Access tokens, bound to their computer's key.
CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY,
    computer   TEXT NOT NULL REFERENCES computers (id),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX tokens_by_computer ON tokens (computer);

-- DPoP proofs that were used, as long as their time would let them pass again.
CREATE TABLE proofs (
    hash       BLOB PRIMARY KEY,          -- over key and jti
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX proofs_by_time ON proofs (expires_at);

-- One row is one request to sign one hash.
CREATE TABLE requests (
    id         TEXT PRIMARY KEY,
    handle     BLOB NOT NULL UNIQUE,      -- SHA-256 of what the computer asks with
    computer   TEXT NOT NULL REFERENCES computers (id),
    enrolment  TEXT NOT NULL REFERENCES enrolments (id),
    credential TEXT NOT NULL,
    hash       BLOB NOT NULL,             -- SHA-256, to be signed
    label      TEXT NOT NULL,             -- what the computer calls it
    state      TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'signed', 'refused', 'expired')),
    proof      TEXT,                      -- the phone's authorisation, both signatures; kept as evidence
    sad        BLOB UNIQUE,               -- SHA-256 of the one that is good
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL           -- of the request; once approved, of the SAD
) STRICT;

CREATE UNIQUE INDEX requests_one_a_credential ON requests (credential) WHERE state = 'pending';
CREATE INDEX requests_by_computer ON requests (computer, created_at);
