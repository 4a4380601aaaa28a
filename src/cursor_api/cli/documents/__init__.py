"""The documents that are generated from the settings, the parser and the table of clients."""
