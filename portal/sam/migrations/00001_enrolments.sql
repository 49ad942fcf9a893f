-- +goose Up

-- One row is one QR code: an enrolment and the one phone that it has at a time.
CREATE TABLE enrolments (
    id         TEXT PRIMARY KEY,
    renewal    TEXT NOT NULL,             -- the portal's name for it
    token_hash BLOB NOT NULL UNIQUE,      -- SHA-256 of the token in the QR code
    number     TEXT,                      -- of the application
    state      TEXT NOT NULL CHECK (state IN ('open', 'scanned', 'keyed', 'ready', 'active', 'void')),
    version    INTEGER NOT NULL,          -- grows with each change that somebody waits for
    scans      INTEGER NOT NULL DEFAULT 0,
    confirmed  INTEGER NOT NULL DEFAULT 0, -- 1: the card has named this phone, no other replaces it

    phone_hash BLOB,                      -- SHA-256 of the secret of the phone that scanned last
    device_key BLOB,                      -- public keys, SubjectPublicKeyInfo
    pin_key    BLOB,
    backup_key BLOB,
    credential TEXT,                      -- label of the key in the HSM
    key        BLOB,
    request    BLOB,                      -- PKCS#10
    nonce      BLOB,
    code       TEXT,
    counter    INTEGER NOT NULL DEFAULT 0, -- the highest that the phone has used
    tries_left INTEGER NOT NULL DEFAULT 3, -- of the PIN; 0 is locked
    cloned     INTEGER NOT NULL DEFAULT 0, -- 1: an old counter came back
    statement  TEXT,
    certificate BLOB
) STRICT;

CREATE UNIQUE INDEX enrolments_one_a_renewal ON enrolments (renewal) WHERE state <> 'void';

CREATE TABLE challenges (
    id         TEXT PRIMARY KEY,
    phone_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL,          -- seconds since the epoch
    used       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX challenges_by_phone ON challenges (phone_hash);

-- Keys in the HSM that are to be destroyed, written before a key is made and in the transaction
-- that lets go of it, so that a crash leaves no key that nobody knows.
CREATE TABLE condemned (
    credential TEXT PRIMARY KEY
) STRICT;
