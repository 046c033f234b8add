"""Charts as SVG with the colours and font of the page."""
