"""Downstream side: HTTP lives here and nowhere else."""
