"""The worker's side: JSON lines on stdin and stdout. Runs in the worker's environment, with nothing of dressage.

    python serve.py SOURCE MODULE

SOURCE is the folder that holds MODULE, which has HANDLERS: functions by name. Each call runs in a thread of its own.
    in    {"id": 1, "method": "workspace.get", "arguments": {...}}
    out   {"id": 1, "progress": [what, done, total]}
          {"id": 1, "result": ...}
          {"id": 1, "error": {"kind": "...", "message": "..."}}
"""

import importlib
import json
import os
import sys
import threading


class Conversation:
    """Answers calls on a channel that nothing else can write to: what libraries print goes to stderr."""

    def __init__(self, handlers, replies):
        self.handlers = handlers
        self.replies = replies
        self.lock = threading.Lock()

    def tell(self, **reply):
        line = json.dumps(reply).encode() + b"\n"
        with self.lock:
            self.replies.write(line)
            self.replies.flush()

    def answer(self, call):
        def progress(what, done=0, total=None):
            self.tell(id=call["id"], progress=[what, done, total])

        try:
            result = self.handlers[call["method"]](progress, **call["arguments"])
            self.tell(id=call["id"], result=result)
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:
            self.tell(id=call["id"], error=described(error))


def described(error):
    return {
        "kind": getattr(error, "kind", type(error).__name__),
        "message": " ".join(str(error).split()),
    }


def main():
    calls, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.path.insert(0, sys.argv[1])
    conversation = Conversation(importlib.import_module(sys.argv[2]).HANDLERS, replies)
    for line in calls:
        threading.Thread(target=conversation.answer, args=(json.loads(line),), daemon=True).start()
    os._exit(0)  # our client is gone, and whatever is still being done is done for nobody


if __name__ == "__main__":
    main()
