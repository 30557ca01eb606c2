package org.apache.hadoop.hive.serde2;

/** The name that Hive has for it since its third version. */
public class JsonSerDe extends org.apache.hive.hcatalog.data.JsonSerDe {}
