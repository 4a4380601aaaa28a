"""`python -m cursor_api` is the `cursor-api` command."""

from cursor_api.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
