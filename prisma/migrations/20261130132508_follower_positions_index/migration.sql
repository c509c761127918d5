-- CreateIndex
CREATE INDEX "follower_positions_follower_id_idx" ON "follower_positions"("follower_id");
