# A stand-in for apache/kafka: the same program, configured by the same variables, as far as the chart uses them.
FROM debian:bookworm-slim
# The slim image has no manual pages, and Java's package wants to link to one.
RUN mkdir -p /usr/share/man/man1 && apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
COPY libs /opt/kafka/libs
COPY start-kafka /opt/kafka/start-kafka
USER 1000
ENTRYPOINT ["/opt/kafka/start-kafka"]
