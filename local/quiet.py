"""What the local Airflow does not say, in every process of it: importing this is all.

botocore tells each task, client by client, where its credentials and its endpoint come from. Here they come from
nowhere else. And every command about DAGs would recommend Graphviz, for drawings on a terminal that nobody asked for.
"""

from __future__ import annotations

import logging
import warnings

for name in ("botocore.credentials", "botocore.configprovider"):
    logging.getLogger(name).setLevel(logging.WARNING)
warnings.filterwarnings("ignore", "Could not import graphviz", UserWarning)
