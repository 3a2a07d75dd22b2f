"""Benchmarks: what the plugin costs, and a real suite to try it on. None of them runs unless asked for."""
