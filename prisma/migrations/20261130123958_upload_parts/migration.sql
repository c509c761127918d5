-- CreateTable
CREATE TABLE "upload_parts" (
    "upload_id" UUID NOT NULL,
    "start_byte" INTEGER NOT NULL,
    "byte_count" INTEGER NOT NULL,
    "folder" UUID NOT NULL,

    CONSTRAINT "upload_parts_pkey" PRIMARY KEY ("upload_id","start_byte")
);
