"""Images: built of an environment, with a log that is kept and told while it is written."""

import os

from failures import Problem, looks, patiently
from transfer import session
from workspaces import opened

_GOING = ("Running", "Queued", "GettingOrProvisioningACR")
"""States of a build that goes on: the SDK's own list. Whatever else it is in, it has ended."""


def is_built(environment, workspace):
    return bool(patiently(lambda: environment.get_image_details(opened(workspace))).image_exist)


def build(tell, environment, workspace, timeout_s, path):
    """Build the image, telling each line of its log and keeping all of them in the file."""
    building = patiently(lambda: environment.build(opened(workspace)))
    log = _Log(building, path)
    for _ in looks(timeout_s):
        status = patiently(lambda: building.status)
        log.go_on(tell, ended=status not in _GOING)
        if status == "Succeeded":
            return
        if status not in _GOING:
            raise Problem(
                "build",
                f"environment {environment.name!r}: its image could not be built: {log.last or status}; see {path!r}",
            )
    raise Problem(
        "timeout",
        f"environment {environment.name!r}: its image is still {status} after {timeout_s:.0f} s; run it"
        " again to go on waiting",
    )


class _Log:
    """As far as it was read. last: its last line."""

    def __init__(self, building, path):
        self.building, self.path = building, path
        self.offset, self.torn, self.last = 0, b"", ""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()

    def go_on(self, tell, ended):
        new = self._more()
        self.offset += len(new)
        with open(self.path, "ab") as file:
            file.write(new)
        *lines, self.torn = (self.torn + new + (b"\n" if ended else b"")).split(b"\n")
        for line in lines:
            if text := line.decode(errors="replace").strip():
                self.last = text
                tell(f"{text}\n")

    def _more(self):
        """Asked of storage by ourselves: the SDK reads all of it each time, and takes a refusal for it."""
        try:
            if not self.building.log_url:
                self.building.get_log()  # finds the address
            wanted = {"Range": f"bytes={self.offset}-"}
            answer = session().get(self.building.log_url, headers=wanted, timeout=60)
        except Exception:  # there is none yet, or it will be there at the next look
            return b""
        if answer.status_code == 403:  # the signature has expired
            self.building.log_url = None
        return answer.content[self.offset * (answer.status_code == 200) :] if answer.ok else b""
