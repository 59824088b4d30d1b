"""The pages of the reference: Markdown by page name, made from docstrings and declarations."""

from importlib import import_module

from reference import commands, configuration, hooks, kit, settings
from reference.inventory import NOT_CALLED, PAGES, Page, objects_of, places
from reference.markdown import join
from reference.objects import Writer


def pages() -> dict[str, str]:
    """Return the Markdown of each page of the reference by name."""
    writer = Writer(places(), not_called=NOT_CALLED)
    return {
        "hooks": hooks.page(writer),
        **{page.name: python_page(page, writer) for page in PAGES},
        "kit": kit.page(),
        "commands": commands.page(),
        "configuration": configuration.page(),
        "settings": settings.page(),
    }


def python_page(page: Page, writer: Writer) -> str:
    """Return a page of Python objects, with a heading for each module if there are several."""
    blocks = [f"# {page.title}", page.text]
    for module, names in page.modules:
        blocks.append(f"## {module}" if len(page.modules) > 1 else "")
        if not names:
            blocks.append(writer.text(import_module(module).__doc__))
        blocks += [writer.write(found) for found in objects_of(module, names)]
    return join(blocks) + "\n"
