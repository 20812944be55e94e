"""A Matrix homeserver that federates with the clearnet and meets its people on Yggdrasil only."""

__version__ = "0.1.0"
