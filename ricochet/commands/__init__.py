"""The commands, one module a noun. Each opens the installation, calls one domain function and prints; see `ricochet.cli`."""
