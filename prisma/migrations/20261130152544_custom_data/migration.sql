-- AlterTable
ALTER TABLE "chats" ADD COLUMN     "data" JSON;

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "data" JSON,
ADD COLUMN     "type" VARCHAR(64);

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "data" JSON;
