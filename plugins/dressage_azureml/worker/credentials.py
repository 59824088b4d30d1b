"""Credentials by azureml's own rules, and what a person is asked to do for them."""

import logging
import os
import threading
import time

from failures import Problem

SIGN_IN = "sign in: "
"""What progress begins with that is for whoever sits at the terminal."""
_PRINCIPAL = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_EARLY_S = 300
_call = threading.local()


def credentials(kind):
    """For one of the options' values of auth; None leaves it to the SDK."""
    from azureml.core import authentication

    if kind == "interactive":
        return authentication.InteractiveLoginAuthentication()
    if kind == "cli":
        return _of_the_cli()
    if kind == "managed-identity":
        return authentication.MsiAuthentication()
    if kind == "service-principal":
        missing = [name for name in _PRINCIPAL if not os.environ.get(name)]
        if missing:
            raise Problem(
                "credentials",
                f"service principal: {' and '.join(missing)} not set; set them, or choose another auth",
            )
        return authentication.ServicePrincipalAuthentication(*(os.environ[name] for name in _PRINCIPAL))
    return None


def aloud(tell):
    """What the SDK asks a person to do, in the calls of this thread, goes to whoever waits for them."""
    _call.tell = tell


def _of_the_cli():
    """What `az login` left, asked of az itself: the SDK's own way needs all of azure-cli beside it."""
    from azure.identity import AzureCliCredential
    from azureml.core.authentication import AbstractAuthentication, TokenAuthentication

    class CliAuthentication(TokenAuthentication):
        get_token = AbstractAuthentication.get_token  # as the tracking client asks

    credential, held = AzureCliCredential(), {}

    def token(audience):
        """Kept while it is good: az takes a second."""
        if audience not in held or held[audience].expires_on - time.time() < _EARLY_S:
            held[audience] = credential.get_token(audience.rstrip("/") + "/.default")
        return held[audience].token

    return CliAuthentication(token)


class _Aloud(logging.Handler):
    def emit(self, record):
        if tell := getattr(_call, "tell", None):
            tell(SIGN_IN + record.getMessage())


logging.getLogger("azureml._vendor.azure_cli_core.auth.identity").addHandler(_Aloud(logging.WARNING))
