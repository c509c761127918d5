-- AlterTable
ALTER TABLE "uploads" ADD COLUMN     "is_tidy" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "uploads_untidy_idx" ON "uploads"("created_at") WHERE (NOT is_tidy);
