"""What `import imagelake` offers to notebooks: a finished lake as frames, and single steps on frames of one's own."""
