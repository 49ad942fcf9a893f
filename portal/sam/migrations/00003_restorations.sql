-- +goose Up

-- One row is one phone that was replaced by another from its backup: the keys that are no longer good, and
-- the four signatures by which the new ones took their place, as evidence.
CREATE TABLE restorations (
    enrolment  TEXT NOT NULL REFERENCES enrolments (id),
    device_key BLOB NOT NULL,
    backup_key BLOB NOT NULL,
    proof      TEXT NOT NULL,
    at         INTEGER NOT NULL           -- seconds since the epoch
) STRICT;

CREATE INDEX restorations_by_enrolment ON restorations (enrolment);
