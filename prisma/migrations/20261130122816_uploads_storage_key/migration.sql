-- CreateIndex
CREATE INDEX "uploads_storage_key_idx" ON "uploads"("storage_key");
