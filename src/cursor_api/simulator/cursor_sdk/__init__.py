"""The simulator as the bridge of Cursor's SDK: `sdk.v1` on the loopback."""
