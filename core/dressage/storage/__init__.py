"""Source folders by content."""
