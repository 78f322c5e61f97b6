"""What dated facts say of regions and prices, in tables."""
