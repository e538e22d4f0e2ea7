"""Frames as pictures for looking at: decoded as they were stored, windowed as their attributes say.

Nothing here changes pixels, and nothing here goes into a data store: what is shown is 8 bits, for a person's eyes.
"""

from curator.pictures.frame import Frame, frames_of
from curator.pictures.picture import NoPicture, Picture, picture_of
from curator.pictures.png import png_of

__all__ = ["Frame", "NoPicture", "Picture", "frames_of", "picture_of", "png_of"]
