from dressage import hookimpl


@hookimpl
def model(settings, epochs):
    return None


@hookimpl
def platform(workspace, epochs):
    return None
