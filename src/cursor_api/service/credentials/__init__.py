"""The credentials in service: loaded, watched, changed, tested, reported on."""
