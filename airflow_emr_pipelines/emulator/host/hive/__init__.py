"""What makes a Hive script on Spark SQL mean what it means to Hive."""
