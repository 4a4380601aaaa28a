"""Upstream side: each module implements `ports.Upstream`; siblings share only http.py."""
