# A stand-in for apache/kafka: the same program, configured by the variables that the chart uses.
FROM debian:bookworm-slim
# Java's package links to a manual page, in a folder that the slim image does not have.
RUN mkdir -p /usr/share/man/man1 && apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
COPY libs /opt/kafka/libs
COPY start-kafka /opt/kafka/start-kafka
USER 1000
ENTRYPOINT ["/opt/kafka/start-kafka"]
