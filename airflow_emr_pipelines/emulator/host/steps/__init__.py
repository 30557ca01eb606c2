"""From a step as it was submitted to a process: one module a kind of step."""
