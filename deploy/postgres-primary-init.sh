#!/bin/sh
# Runs once, when the primary's empty volume is set up: the role that the replica copies as, and its slot, so that
# the primary keeps what the replica has not got yet (max_slot_wal_keep_size in compose.yaml bounds that).
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$REPLICATION_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
SQL
echo 'host replication replicator all scram-sha-256' >> "$PGDATA/pg_hba.conf"
