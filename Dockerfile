# One server of zookit. `docker/build` prepares docker/image and builds this; see docs/operations.md, "In a container".
# BASE is any image with `node` on its PATH and a C library; nothing else of it is used, not even a shell.
ARG BASE=node:20-slim
FROM ${BASE}

COPY docker/image/app/ /opt/zookit/
COPY --chown=1000:1000 docker/image/volumes/ /

ENV NODE_ENV=production
USER 1000:1000
VOLUME ["/data", "/datalog"]
EXPOSE 2181 2888 3888
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "/opt/zookit/dist/cli/container/health.js"]
ENTRYPOINT ["node", "/opt/zookit/dist/cli/container/main.js"]
