"""Requests and responses, whatever their address."""
