#!/bin/bash
# Bootstrap action: the de-identification reads its key by boto3. EMR 7 has it; where it is missing, it comes pinned.
set -euo pipefail
python3 -c "import boto3" 2>/dev/null || python3 -m pip install "boto3==1.40.0"
echo "boto3 $(python3 -c 'import boto3; print(boto3.__version__)')"
