"""The reference of the documentation, made from docstrings and declarations. It needs dressage only."""

from reference.pages import pages as pages
