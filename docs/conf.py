"""Configuration of Sphinx. `docs/build.py` gathers the pages and calls it."""

from importlib.metadata import version as version_of

project = "dressage"
version = release = version_of("dressage")
extensions = ["myst_parser"]
exclude_patterns = ["Thumbs.db", ".DS_Store"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"
pygments_style = "sphinx"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = f"dressage {version}"
html_static_path = ["static"]
html_css_files = ["dressage.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
