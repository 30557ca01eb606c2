"""Programs that steps run: stand-ins for what a cluster's nodes have on their PATH."""
