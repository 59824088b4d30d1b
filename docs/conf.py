"""Configuration of Sphinx. `docs/build.py` gathers the pages and calls it."""

from importlib.metadata import version as version_of

project = "dressage"
version = release = version_of("dressage")
extensions = ["myst_parser"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
add_module_names = False
nitpick_ignore = [
    ("py:class", name)
    for name in ("Path", "T", "Meta")  # pathlib's; a type variable; msgspec's
]
python_use_unqualified_type_names = True
maximum_signature_line_length = 120  # counted with the full names of types
toc_object_entries_show_parents = "hide"
highlight_language = "text"
smartquotes = False  # they would change what a reader types: "--" in help, "" in values

pygments_style, pygments_dark_style = "a11y-light", "a11y-dark"
html_theme = "furo"
html_title = f"dressage {version}"
html_static_path = ["static"]
html_css_files = ["dressage.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
