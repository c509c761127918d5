-- AlterTable
ALTER TABLE "member_change_keys" ADD COLUMN     "fingerprint" BYTEA;
