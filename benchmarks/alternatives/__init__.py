"""What `ablations.py` puts into septum: losses and networks that are not in it."""
