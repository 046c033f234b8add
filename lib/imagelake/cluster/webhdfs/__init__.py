"""Files to HDFS and back through WebHDFS, without Java: parallel, checked against HDFS's own checksums, resumable."""
