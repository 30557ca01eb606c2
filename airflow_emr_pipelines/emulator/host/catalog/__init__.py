"""The catalogs of databases and tables that steps see: each cluster's own, or the Glue Data Catalog."""
