"""Searching for images: one meaning for the job, the server and the terminal, and the vector index. No Spark in here.

- query.py: what is looked for, and the label that the network predicts for it;
- filters.py: which images may be answers;
- order.py: how many of the nearest are candidates, and in which order these come;
- page.py: the two modes, and a long list in pages;
- the other files: the index, how it is kept, trained and searched.
"""
