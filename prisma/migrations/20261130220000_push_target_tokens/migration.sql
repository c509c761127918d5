-- AlterTable
ALTER TABLE "push_targets" ADD COLUMN     "token_id" VARCHAR(255),
ADD COLUMN     "token_issued_at" TIMESTAMPTZ(3);

-- Targets of before count as set with a token that was issued then, until their devices set them again.
UPDATE "push_targets" SET "token_issued_at" = "set_at";

-- CreateIndex
CREATE INDEX "push_targets_token_id_idx" ON "push_targets"("token_id");
