-- AlterTable
ALTER TABLE "devices" ADD COLUMN     "is_forgotten" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "receipts_until" TIMESTAMPTZ(3);
