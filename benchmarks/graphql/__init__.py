"""A real suite to try the plugin on: benchmarks of graphql-core."""
