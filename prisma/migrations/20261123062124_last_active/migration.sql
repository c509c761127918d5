-- AlterTable
ALTER TABLE "users" ADD COLUMN     "last_active_at" TIMESTAMPTZ(3);


-- By hand: for whoever is active the new column moves once a minute, and no index covers it. Space left in the pages keeps
-- the new version of a row beside the old one (a HOT update).
ALTER TABLE "users" SET (fillfactor = 85);
