"""The worker's side: answers calls. Runs in the worker's environment, with nothing else of dressage.

    python serve.py SOURCE MODULE

SOURCE is the folder that holds MODULE, which has HANDLERS: functions by name. Each call runs in a thread of its own.
What is said is in messages.py.
"""

import importlib
import importlib.util
import os
import sys
import threading


class Conversation:
    """Answers calls on a channel that nothing else can write to: what libraries print goes to stderr."""

    def __init__(self, handlers, replies):
        self.handlers = handlers
        self.replies = replies
        self.lock = threading.Lock()

    def tell(self, number, **field):
        line = messages.encode(messages.Reply(number, **field))
        with self.lock:
            self.replies.write(line)
            self.replies.flush()

    def answer(self, call):
        def progress(what, done=0, total=None):
            self.tell(call.id, progress=(what, done, total))

        try:
            result = self.handlers[call.method](progress, **call.arguments)
            self.tell(call.id, result=[result])
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:
            self.tell(call.id, error=failure_of(error))


def failure_of(error):
    kind = getattr(error, "kind", type(error).__name__)
    return messages.Failure(kind, " ".join(str(error).split()))


def load_messages():
    """The module beside this one; by its path, as the handlers may have one of that name."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "messages.py")
    spec = importlib.util.spec_from_file_location("dressage_worker_messages", place)
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
    os._exit(0)  # our client is gone, and whatever is still being done is done for nobody


messages = load_messages()

if __name__ == "__main__":
    main()
