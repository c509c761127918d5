-- AlterTable
ALTER TABLE "log_sweeps" ADD COLUMN     "has_found" BOOLEAN NOT NULL DEFAULT false;
