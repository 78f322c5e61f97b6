"""What is done before Flask: who the client is, health, pages that are known, and writes that go home."""
