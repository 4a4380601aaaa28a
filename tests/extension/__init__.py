"""A further kind of upstream and a further client API, as somebody would add them."""
