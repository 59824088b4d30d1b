"""Requests to the run's tracking endpoint, with the standard library."""

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

_API = "/api/2.0/mlflow/"
_TIMEOUT_S = 60


class Endpoint:
    """The tracking endpoint. A request that fails is reported on stderr, once: the script continues without it."""

    def __init__(self, address, token):
        self._address, self._token = urlsplit(address), token
        self._lock = threading.Lock()
        self._connection = None
        self._process = None
        self._has_failed = False

    def send(self, method, path, body=None):
        """Send a request. Return the answer; {} if it failed."""
        try:
            with self._lock:
                status, answer = self._exchange(method, _API + path, body)
            if status < 400:
                return answer
            problem = answer.get("message") or status
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = "{}: {}".format(type(error).__name__, error)
        if not self._has_failed:
            self._has_failed = True
            sys.stderr.write("dressage: not recorded: {}\n".format(problem))
        return {}

    def _exchange(self, method, path, body):
        for is_last in (False, True):
            try:
                connection = self._connect()
                headers = {"Authorization": "Bearer " + self._token}
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                response = connection.getresponse()
                return response.status, json.loads(response.read().decode())
            except (OSError, http.client.HTTPException):
                self._connection = None  # it was idle for too long
                if is_last:
                    raise
        return None

    def _connect(self):
        """Return this process's connection; one that a parent process opened must not be used."""
        if self._connection is None or self._process != os.getpid():
            host = self._address
            self._connection = http.client.HTTPConnection(host.hostname, host.port, timeout=_TIMEOUT_S)
            self._process = os.getpid()
        return self._connection


def now():
    """Return the time in milliseconds since 1970, UTC."""
    return int(time.time() * 1000)
