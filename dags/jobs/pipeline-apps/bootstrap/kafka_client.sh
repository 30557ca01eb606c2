#!/bin/bash
# Bootstrap action: how clients on this instance reach Amazon MSK, by the instance profile instead of a password.
# The argument is the brokers, such as b-1.example.kafka.us-east-1.amazonaws.com:9098,b-2.…
# Spark and Flink get their connectors with the step (packages), or from its jar.
set -euo pipefail

mkdir -p "$HOME/kafka"
cat > "$HOME/kafka/client.properties" <<PROPERTIES
bootstrap.servers=$1
security.protocol=SASL_SSL
sasl.mechanism=AWS_MSK_IAM
sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler
PROPERTIES
