"""Where raw data comes from: downloads of published data sets, in the layout in which they were published."""
