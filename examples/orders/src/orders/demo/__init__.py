"""``python -m orders.demo``: the service driven over real HTTP, as a client and as a thief would."""
