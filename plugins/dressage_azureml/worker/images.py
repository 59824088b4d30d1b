"""Build the image of an environment; show and save its log during the build."""

import os

from failures import Problem, poll, retry
from transfer import session
from workspaces import open_workspace

_UNFINISHED = ("Running", "Queued", "GettingOrProvisioningACR")
"""States of an unfinished build, from the SDK. In any other state, the build has ended."""


def is_built(environment, workspace):
    return bool(retry(lambda: environment.get_image_details(open_workspace(workspace))).image_exist)


def build(progress, environment, workspace, timeout_s, path):
    """Build the image. Each line of its log is reported as progress and written to the file `path`."""
    building = retry(lambda: environment.build(open_workspace(workspace)))
    log = _Log(building, path)
    for _ in poll(timeout_s):
        status = retry(lambda: building.status)
        log.read_on(progress, ended=status not in _UNFINISHED)
        if status == "Succeeded":
            return
        if status not in _UNFINISHED:
            raise Problem(
                "build",
                f"environment {environment.name!r}: its image could not be built: {log.last or status}; see {path!r}",
            )
    raise Problem(
        "timeout",
        f"environment {environment.name!r}: its image is still {status} after {timeout_s:.0f} s; run it"
        " again to keep waiting",
    )


class _Log:
    """The part of a build log that was read. last: its last line."""

    def __init__(self, building, path):
        self.building, self.path = building, path
        self.offset, self.incomplete, self.last = 0, b"", ""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()

    def read_on(self, progress, ended):
        """Report and save the lines written since the last call."""
        new = self._fetch_new()
        self.offset += len(new)
        with open(self.path, "ab") as file:
            file.write(new)
        *lines, self.incomplete = (self.incomplete + new + (b"\n" if ended else b"")).split(b"\n")
        for line in lines:
            if text := line.decode(errors="replace").strip():
                self.last = text
                progress(f"{text}\n")

    def _fetch_new(self):
        """Return the new bytes. Not with the SDK: it reads the whole log each time, and takes error pages for it."""
        try:
            if not self.building.log_url:
                self.building.get_log()  # sets log_url
            wanted = {"Range": f"bytes={self.offset}-"}
            answer = session().get(self.building.log_url, headers=wanted, timeout=60)
        except Exception:  # the log does not exist yet, or the next call reads it
            return b""
        if answer.status_code == 403:  # the signature has expired
            self.building.log_url = None
        return answer.content[self.offset * (answer.status_code == 200) :] if answer.ok else b""
