"""An order service behind jwtkit: clients register, log in and read their own orders."""
