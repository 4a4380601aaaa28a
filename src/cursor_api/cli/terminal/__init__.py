"""Output, language and help texts that all commands share."""
