# Three stages: one generates the database's client, which takes development's packages; one installs what production
# needs; the last has nothing but Node.js, that, and the source, which Node.js runs as it is.

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS generated
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script is needed to generate the client.
RUN npm ci --ignore-scripts
COPY prisma.config.ts ./
COPY prisma ./prisma
COPY scripts/generate.ts ./scripts/generate.ts
COPY src/store/migrations/ensure-prisma-client.ts ./src/store/migrations/ensure-prisma-client.ts
RUN npm run generate

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the CLI of Prisma and the compiler, which come as optional peers; the programs of the embedded PostgreSQL and
# the Node.js for machines with an older one are optional packages, and not needed here either.
RUN npm ci --omit=dev --omit=peer --omit=optional --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY prisma ./prisma
COPY src ./src
# Last, so that it is newer than the schema that it was made of, by which a start knows that it need not be made again.
COPY --from=generated /app/src/store/generated ./src/store/generated
RUN touch src/store/generated/client.ts
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s --retries=2 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/parley.js"]
CMD ["serve"]
