#!/bin/sh
# Run once by the image of PostgreSQL, when its data folder is empty: a role and a database for the ledger. The role owns
# that database and nothing else. The password is read by psql from the file, so that no list of processes shows it, and
# no statement of this session is logged, also not one that fails.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "${LEDGER_PASSWORD_FILE}"`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
CREATE ROLE invites LOGIN PASSWORD :'password';
CREATE DATABASE ledgers OWNER invites ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE ledgers FROM PUBLIC;
SQL
