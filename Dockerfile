# The service as an image. Three stages: `build` resolves the locked packages and writes the list of them, `runtime` is
# what runs, and `stand-ins` is for local runs alone (compose.yaml). docs/deploy-node.md says how to run it.
# No secret goes in: none is an argument, a variable or a file here, and .dockerignore lets none into the context.

FROM node:24-slim AS build
# npm names the main component of the list after this folder.
WORKDIR /build/galileo-invite-proxy
COPY package.json package-lock.json .npmrc ./
# The optional packages build the console. They go again afterwards.
RUN npm ci --omit=dev --ignore-scripts
COPY tools/build-console.ts tools/
COPY client/src client/src
COPY console console
# Install scripts never run. The list is made from what is installed and of a manifest without development packages:
# made from the lock, it leaves out those that a development package needs, too.
RUN node tools/build-console.ts \
 && npm prune --omit=dev --omit=optional --ignore-scripts \
 && npm pkg delete devDependencies optionalDependencies scripts allowScripts \
 && npm sbom --sbom-format=cyclonedx --sbom-type=application > sbom.cdx.json
COPY deploy/healthcheck.ts deploy/
COPY src src
COPY pages pages

# Last, this stage would be what a build without --target makes; it must not be.
FROM build AS stand-ins
COPY dev dev
RUN install -d -o node -g node -m 0755 /var/lib/stand-ins
VOLUME /var/lib/stand-ins
USER node
ENTRYPOINT []
CMD ["node", "dev/serve-stand-ins.ts"]

FROM node:24-slim AS runtime
# npm, npx, yarn and corepack have no work here, and what they bring along only has to be patched.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
 && install -d -o node -g node -m 0700 /var/lib/galileo-invite-proxy
WORKDIR /app
# All of it belongs to root: the service cannot change what it runs.
COPY --from=build /build/galileo-invite-proxy/node_modules node_modules
COPY --from=build /build/galileo-invite-proxy/package.json /build/galileo-invite-proxy/sbom.cdx.json ./
COPY --from=build /build/galileo-invite-proxy/deploy deploy
COPY --from=build /build/galileo-invite-proxy/src src
COPY --from=build /build/galileo-invite-proxy/pages pages
COPY --from=build /build/galileo-invite-proxy/dist/console dist/console
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    POLICY_FILE=/etc/galileo-invite-proxy/policy.yaml \
    LEDGER_URL=sqlite:/var/lib/galileo-invite-proxy/ledger.db \
    SQLITE_TMPDIR=/var/lib/galileo-invite-proxy
VOLUME /var/lib/galileo-invite-proxy
EXPOSE 8080 9091
USER node
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "/app/deploy/healthcheck.ts"]
# The base's own entrypoint is a shell script: without it, node is process 1 from the first moment.
ENTRYPOINT []
# SIGUSR1 must not open a debugger.
CMD ["node", "--disable-sigusr1", "src/node.ts"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="galileo-invite-proxy" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.description="Lets internal web apps invite people to Galileo without ever holding its key." \
      org.opencontainers.image.base.name="docker.io/library/node:24-slim" \
      galileo-invite-proxy.sbom="/app/sbom.cdx.json" \
      galileo-invite-proxy.sbom.media-type="application/vnd.cyclonedx+json; version=1.5"
