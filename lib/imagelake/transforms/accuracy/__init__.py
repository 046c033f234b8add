"""The accuracy of the network by label."""
