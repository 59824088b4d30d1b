# The commands of a contributor. `just` comes with: uv tool run --from rust-just just

# The tests, in about 10 minutes.
test *arguments:
    uv run pytest {{arguments}}

# Fix what can be fixed automatically: lint and format.
fix:
    uv run --group lint ruff check --fix
    uv run --group lint ruff format

# Lint, format, types and import contracts.
check:
    uv run --group lint ruff check
    uv run --group lint ruff format --check
    uv run --group lint mypy
    uv run --group lint lint-imports

# The documentation as a site, in build/docs/html.
docs:
    uv run --group docs python docs/build.py

# The tests that take long.
slow:
    uv run pytest -m slow

# All of it from a clean start, as CI does.
ci:
    bash .ci/run
