"""`token` and `import`: the credentials of the token files."""
