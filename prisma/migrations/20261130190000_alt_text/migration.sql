-- AlterTable
ALTER TABLE "attachments" ADD COLUMN     "alt_text" VARCHAR(1000);

-- AlterTable
ALTER TABLE "uploads" ADD COLUMN     "alt_text" VARCHAR(1000);
