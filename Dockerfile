# syntax=docker/dockerfile:1
# The images of docker-compose.yml: `hadoop` runs any daemon, `client` has the project with its environment.

# Hadoop's jars, by the same pom as scripts/hadoop, in a folder of the same name: a digest of the pom.
FROM maven:3.9-eclipse-temurin-17 AS jars
WORKDIR /build
COPY conf/hadoop/pom.xml .
RUN digest=$(sha256sum pom.xml) \
    && mvn --batch-mode --quiet -Doutput.folder="/hadoop-jars/$(printf %.16s "$digest")" package

# Spark's executors run in the NodeManager's container, with its Java and its Python: /usr/local/bin/python3.11 in both
# images is what the environment that a submission ships was built on.
FROM python:3.11-slim-bookworm AS base
# Debian's fixes within a release are wanted, so no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*
COPY --from=jars /hadoop-jars /opt/hadoop-jars
ENV IMAGELAKE_HADOOP_JARS=/opt/hadoop-jars \
    HADOOP_CONF_DIR=/opt/imagelake/conf/hadoop
# Files of the host are written with this user's number, and volumes take on the owner of the folder they cover.
ARG UID=1000
RUN groupadd hadoop \
    && useradd --uid "$UID" --gid hadoop --create-home imagelake \
    && install --directory --owner=imagelake --group=hadoop /data /opt/imagelake /opt/imagelake/var
WORKDIR /opt/imagelake

# Any daemon: `run namenode` and so on. Nothing is installed by pip. conf/hadoop is mounted.
FROM base AS hadoop
COPY scripts/hadoop scripts/
COPY lib lib
USER imagelake
ENTRYPOINT ["/opt/imagelake/scripts/hadoop"]

# The project as on a laptop: scripts/run, scripts/hadoop fs, ...
FROM base AS client
USER imagelake
# The packages change less often than the project does.
COPY requirements-tensorflow.lock .
RUN --mount=type=cache,target=/var/cache/pip,mode=0777 \
    python3.11 -m venv .venv \
    && PIP_CACHE_DIR=/var/cache/pip .venv/bin/pip install --quiet --require-hashes --requirement requirements-tensorflow.lock
COPY --chown=imagelake:hadoop . .
RUN scripts/setup --tensorflow
CMD ["bash"]
