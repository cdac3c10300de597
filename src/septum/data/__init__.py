"""Images and annotations: files, dataset layouts, samples, training crops."""
