-- CreateTable
CREATE TABLE "restorations" (
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "restorations_pkey" PRIMARY KEY ("at")
);
