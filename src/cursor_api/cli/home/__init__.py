"""The folder with the gateway's files, and the settings that a command needs."""
