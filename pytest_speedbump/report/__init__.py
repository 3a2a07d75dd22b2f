"""Results as people and programs read them. Nothing here computes what a reader of the JSON document would lack."""
