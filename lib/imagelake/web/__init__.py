"""The browser app: pages and an API over the published tables and the image index, without Spark and JVM."""
