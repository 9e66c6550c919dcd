"""Landing pages: what stands on them, who may see them, what their readers draw and answer. Served by `tracker.landing`."""
