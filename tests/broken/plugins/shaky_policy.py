"""A policy that changes nothing; each hook breaks if BREAK says so."""

import breaking

from dressage import hookimpl


@hookimpl(wrapper=True)
def dataset():
    answer = yield
    return breaking.call("policy.dataset", lambda: answer)


@hookimpl(wrapper=True)
def compute():
    answer = yield
    return breaking.call("policy.compute", lambda: answer)


@hookimpl(wrapper=True)
def environment():
    answer = yield
    return breaking.call("policy.environment", lambda: answer)


@hookimpl(wrapper=True)
def model():
    answer = yield
    return breaking.call("policy.model", lambda: answer)


@hookimpl(wrapper=True)
def tags():
    answer = yield
    return breaking.call("policy.tags", lambda: answer)
