"""The worker's side: answers calls. It runs in the worker's environment, without the rest of dressage.

    python serve.py SOURCE MODULE

SOURCE is the folder of MODULE, which defines HANDLERS: functions by name. Each call runs in a separate thread.
The messages are described in messages.py.
"""

import importlib
import importlib.util
import os
import sys
import threading


class Conversation:
    """Answers calls on a channel that only it can write to: what libraries print goes to stderr."""

    def __init__(self, handlers, replies):
        self.handlers = handlers
        self.replies = replies
        self.lock = threading.Lock()

    def send(self, number, **field):
        line = messages.encode(messages.Reply(number, **field))
        with self.lock:
            self.replies.write(line)
            self.replies.flush()

    def answer(self, call):
        def progress(what, done=0, total=None):
            self.send(call.id, progress=(what, done, total))

        try:
            result = self.handlers[call.method](progress, **call.arguments)
            self.send(call.id, result=[result])
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:
            self.send(call.id, error=failure_of(error))


def failure_of(error):
    kind = getattr(error, "kind", type(error).__name__)
    return messages.Failure(kind, " ".join(str(error).split()))


def load_messages():
    """Import messages.py by its path, because the handlers may have a module with that name."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "messages.py")
    spec = importlib.util.spec_from_file_location("dressage_worker_messages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    calls, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.path.insert(0, sys.argv[1])
    conversation = Conversation(importlib.import_module(sys.argv[2]).HANDLERS, replies)
    for line in calls:
        threading.Thread(target=conversation.answer, args=(messages.decode_call(line),), daemon=True).start()
    os._exit(0)  # the client process has ended, so the results of running calls are not needed


messages = load_messages()

if __name__ == "__main__":
    main()
