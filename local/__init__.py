"""One machine is enough: a local Airflow beside the emulator, the data of the examples, and the demo."""
