"""One adapter for each framework; import the one you use, such as `jwtkit.adapters.fastapi`."""
