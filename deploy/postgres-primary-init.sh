#!/bin/sh
# Runs once, when the primary's empty volume is set up. Creates the role and the slot of the replica. The slot makes
# the primary keep the WAL that the replica still needs (max_slot_wal_keep_size in compose.yaml bounds it).
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$REPLICATION_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
SQL
echo 'host replication replicator all scram-sha-256' >> "$PGDATA/pg_hba.conf"
