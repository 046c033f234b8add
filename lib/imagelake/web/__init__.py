"""The browser app: pages and an API over the published tables and the image index. No Spark and no JVM in here."""
