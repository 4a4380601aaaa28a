"""Measures the gateway against a floor and against other gateways: `python -m bench`.

See docs/benchmarking.md for what each figure means and how it is taken.
"""
