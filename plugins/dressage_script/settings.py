"""The settings of the recipe."""

from dataclasses import dataclass

from dressage import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    path: str = setting(
        "", help="path of a script, notebook or shell script, or of a folder with __main__.py"
    )
    module: str = setting("", help="module to run instead of a file, as python -m does")
    command: str = setting("", help="command to run instead of a file, quoted as in a shell")
    root: str | None = setting(
        None,
        help="project folder that is copied; default: the script's folder, or this folder for modules and commands",
    )
    arguments: str = setting(
        "", help="the script's arguments, quoted as in a shell; {NAME} stands for the folder of an input"
    )
    inputs: tuple[str, ...] = setting(
        (), help="what the script reads, NAME=DATASET[:VERSION], NAME=PATH or NAME=URL"
    )
    conda: str | None = setting(None, help="path of a conda specification for the script's environment")
    requirements: str | None = setting(
        None, help="path of a requirements file or a pyproject.toml for the script's environment"
    )
    extras: tuple[str, ...] = setting((), help="extras of the project to install too")
    groups: tuple[str, ...] = setting((), help="dependency groups of the project to install too")
    indexes: tuple[str, ...] = setting((), help="names of package indexes in [indexes] to search first")
    variables: str = setting(
        "",
        help="environment variables of the script, NAME=VALUE ..., quoted as in a shell; they are recorded",
    )
    env_file: str | None = setting(
        None,
        help="path of the file that the variables came from; it is not copied, because it may have secrets",
    )
    secrets: tuple[str, ...] = setting(
        (), help="names of environment variables that the script needs and that are not recorded"
    )
    model: str | None = setting(
        None, help="name to register the model under, or NAME=PATH; PATH is outputs/model by default"
    )
    compute: str = setting("default", help="name of the compute target")
    size: str | None = setting(None, help="size of the compute target's machines, on platforms with sizes")
    image: str | None = setting(None, help="container image to run in, on platforms with images")
    slots: int = setting(1, help="number of runs at a time on one machine", minimum=1)
    include: tuple[str, ...] = setting((), help="patterns of files to copy although they are ignored")
