from dressage import hookimpl


@hookimpl
def platfrom(workspace):
    return None
