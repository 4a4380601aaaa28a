"""The pages that are written from the parser and from the table of clients."""
