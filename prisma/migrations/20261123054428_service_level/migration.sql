-- CreateEnum
CREATE TYPE "ServiceLevel" AS ENUM ('NORMAL', 'BUSY', 'ESSENTIAL');

-- CreateTable
CREATE TABLE "service_level_commands" (
    "id" SMALLINT NOT NULL,
    "level" "ServiceLevel" NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "service_level_commands_pkey" PRIMARY KEY ("id")
);
