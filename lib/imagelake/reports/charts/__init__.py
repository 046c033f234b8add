"""Charts as SVG that takes its colours and font from the page around it."""
