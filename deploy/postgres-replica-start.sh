#!/bin/sh
# Starts the replica: copies the primary once, then follows it as a standby. An interrupted copy has no PG_VERSION in
# its place, so it is made again.
set -eu
if [ ! -f "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA.copy"
  find "$PGDATA.copy" -mindepth 1 -delete
  PGPASSWORD="$REPLICATION_PASSWORD" pg_basebackup --host=postgres --username=replicator --slot=replica \
    --pgdata="$PGDATA.copy" --wal-method=stream --checkpoint=fast --write-recovery-conf
  chmod 700 "$PGDATA.copy"
  mkdir -p "$(dirname "$PGDATA")"
  if [ -d "$PGDATA" ]; then rmdir "$PGDATA"; fi
  mv "$PGDATA.copy" "$PGDATA"
fi
exec postgres -c hot_standby=on -c max_connections=200
