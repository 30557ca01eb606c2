#!/bin/bash
# Bootstrap action: a secret of Secrets Manager as a file that only this user can read.
# The arguments say its name and the file. They are visible to whoever may describe the cluster; the secret is not.
# The instance profile needs secretsmanager:GetSecretValue on it.
set -euo pipefail

umask 077
mkdir -p "$(dirname "$HOME/$2")"
python3 - "$1" > "$HOME/$2" <<'PYTHON'
import sys

import boto3

sys.stdout.write(boto3.client("secretsmanager").get_secret_value(SecretId=sys.argv[1])["SecretString"])
PYTHON
echo "$1 lies in $HOME/$2"
