-- CreateIndex
CREATE INDEX "member_change_keys_at_idx" ON "member_change_keys"("at");
