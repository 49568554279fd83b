"""What is known of the properties of an account, and of their values."""
