"""What each operation of the API does; `wire.HANDLERS` names the functions."""
