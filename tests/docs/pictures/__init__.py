"""The pictures of the documentation, each in light and dark: `make pictures` makes them again.

`specs/docs/pictures/pictures.yaml` lists them. Drawings are SVG, made from a small file beside that list,
the same bytes on any machine. Screenshots are pages in headless Chromium.

`drawings` and `screenshots` know how each picture is made; begin to read at `__main__`.
"""
