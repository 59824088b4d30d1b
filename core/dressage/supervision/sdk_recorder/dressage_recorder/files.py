"""Files that a script gives to its run."""

import os
import shutil


def place_below(folder, name):
    """Return the path of a file below the folder, and create its parents. Raises ValueError if it is not below it."""
    path = os.path.normpath(name.replace("\\", "/")).lstrip("/")
    if path.split("/")[0] in ("", ".", ".."):
        raise ValueError("{!r} is not the name of a file below the run".format(name))
    place = os.path.join(folder, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    return place


def copy_to(place, source):
    """Copy a file, or what a stream has. source: a path or a stream."""
    if hasattr(source, "read"):
        data = source.read()
        with open(place, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
    else:
        shutil.copyfile(source, place)
