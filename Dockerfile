# Three stages. The first generates the Prisma client and builds the web app, with development packages. The second
# installs the packages of production. The last has Node.js, these packages and the source. Node.js runs the source
# without a build.

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS generated
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY apps/chat/package.json ./apps/chat/package.json
COPY packages/client/package.json ./packages/client/package.json
COPY packages/react/package.json ./packages/react/package.json
# Neither the client nor the app needs install scripts.
RUN npm ci --ignore-scripts
COPY prisma.config.ts ./
COPY prisma ./prisma
COPY scripts/generate.ts ./scripts/generate.ts
COPY src/store/migrations/ensure-prisma-client.ts ./src/store/migrations/ensure-prisma-client.ts
RUN npm run generate
COPY tsconfig.json ./
COPY packages/client/src ./packages/client/src
COPY packages/react/src ./packages/react/src
COPY apps/chat ./apps/chat
RUN npm run build:app

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Omits the Prisma CLI and the compiler, which are optional peers, and the embedded PostgreSQL and the packaged Node.js,
# which are optional packages.
RUN npm ci --omit=dev --omit=peer --omit=optional --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY prisma ./prisma
COPY src ./src
# Touched, because a start would generate the client again if it were older than its schema.
COPY --from=generated /app/src/store/generated ./src/store/generated
RUN touch src/store/generated/client.ts
# Served with WEB_APP=on.
COPY --from=generated /app/apps/chat/dist ./apps/chat/dist
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s --retries=2 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/parley.js"]
CMD ["serve"]
