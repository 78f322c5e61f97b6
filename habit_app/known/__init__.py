"""What is known of users: snapshots of their data, kept in memory, and the dashboards made from them."""
