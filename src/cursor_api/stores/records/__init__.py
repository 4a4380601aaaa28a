"""Records of finished requests, whichever database keeps them."""
