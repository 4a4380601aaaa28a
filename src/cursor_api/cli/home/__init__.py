"""The folder of the files, and the settings that a command needs."""
