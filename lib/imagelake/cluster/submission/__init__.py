"""From a checkout to an application on a cluster: what travels there, and the one spark-submit command."""
