"""The certificate operations of the API."""
