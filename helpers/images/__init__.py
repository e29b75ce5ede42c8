"""Pictures as notebooks use them: read, shown with their alt text, made into masks and canvases, compared.

Everything is Pillow's Image, in RGB or RGBA. What is checked here is checked before anything is sent.
"""

from helpers.images.masks import Change, change_of, check_mask, extend_canvas, mask_of
from helpers.images.reading import read_picture
from helpers.images.sending import data_url, picture_file
from helpers.images.showing import show_pictures

__all__ = [
    "Change",
    "change_of",
    "check_mask",
    "data_url",
    "extend_canvas",
    "mask_of",
    "picture_file",
    "read_picture",
    "show_pictures",
]
