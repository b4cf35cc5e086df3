# The image of `waxseal operator` and `waxseal extproc`. Node runs TypeScript as it is: there is nothing to compile.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts of packages are not run: what is needed of them is plain JavaScript.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx > sbom.cdx.json

FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="waxseal" \
      org.opencontainers.image.description="WS-Security for SOAP messages that pass an Envoy gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=packages /app/ ./
COPY LICENSE ./
COPY crds/ crds/
COPY proto/ proto/
COPY policy/ policy/
COPY extproc/ extproc/
COPY operator/ operator/
COPY cli/ cli/
# The user of :nonroot, as a number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/app/cli/waxseal.js"]
CMD ["--help"]
