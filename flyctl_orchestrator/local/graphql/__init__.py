"""The GraphQL API (`POST /graphql`): what flyctl asks of it and no more, over a schema of our own."""
