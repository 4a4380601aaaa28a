"""The documents that are generated from the parser and from the table of clients."""
