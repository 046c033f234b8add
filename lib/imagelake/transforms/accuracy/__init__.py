"""How well the network knows each label."""
