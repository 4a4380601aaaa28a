"""The credentials in service: loaded, watched, changed, tested, told of."""
