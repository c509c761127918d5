-- CreateTable
CREATE TABLE "log_floors" (
    "chat_id" UUID NOT NULL,
    "floor_seq" INTEGER NOT NULL,

    CONSTRAINT "log_floors_pkey" PRIMARY KEY ("chat_id")
);

-- CreateTable
CREATE TABLE "log_sweeps" (
    "id" SMALLINT NOT NULL,
    "after_chat_id" UUID NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "log_sweeps_pkey" PRIMARY KEY ("id")
);
