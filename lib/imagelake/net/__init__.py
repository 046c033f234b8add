"""Requests: to addresses that users give, with limits of size, time and network; and downloads, resumed."""
