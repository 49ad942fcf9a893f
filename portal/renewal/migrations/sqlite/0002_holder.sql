-- +goose Up
-- Whose the renewal is since somebody has signed an application under its code: an HMAC-SHA-256 of the
-- subject's number, key outside the database; empty before. No transition empties it.
ALTER TABLE renewals ADD COLUMN holder BLOB NOT NULL DEFAULT x'';

-- +goose Down
ALTER TABLE renewals DROP COLUMN holder;
