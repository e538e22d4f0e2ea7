"""The widgets that the screens are composed of; none of them knows where its data comes from."""
