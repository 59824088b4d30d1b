"""Credentials for the SDK, and the sign-in instructions that it prints."""

import logging
import os
import threading
import time

from failures import Problem

SIGN_IN = "sign in: "
"""Prefix of progress that the user must read at the terminal. azure.py looks for it."""
_PRINCIPAL = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_EARLY_S = 300
"""A token is renewed this many seconds before it expires."""
_call = threading.local()


def credentials(kind):
    """Return credentials for a value of the option auth. None: the SDK chooses."""
    from azureml.core import authentication

    if kind == "interactive":
        return authentication.InteractiveLoginAuthentication()
    if kind == "cli":
        return _cli_credentials()
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


def storage_credential(kind):
    """Return a credential for storage that has no keys: the SDK's own credentials are for its services only."""
    from azure import identity

    if kind == "cli":
        return identity.AzureCliCredential()
    if kind == "managed-identity":
        return identity.ManagedIdentityCredential()
    if kind == "service-principal":
        return identity.EnvironmentCredential()
    return identity.DefaultAzureCredential(exclude_interactive_browser_credential=kind != "interactive")


def report_sign_in_to(progress):
    """Send sign-in instructions of this thread's calls to `progress`."""
    _call.progress = progress


def _cli_credentials():
    """Return credentials that get tokens from the `az` command. The SDK's own class needs azure-cli installed."""
    from azure.identity import AzureCliCredential
    from azureml.core.authentication import AbstractAuthentication, TokenAuthentication

    class CliAuthentication(TokenAuthentication):
        get_token = AbstractAuthentication.get_token  # the tracking client calls it

    credential, held = AzureCliCredential(), {}

    def token(audience):
        """Return a token, cached until shortly before it expires: calling az takes a second."""
        if audience not in held or held[audience].expires_on - time.time() < _EARLY_S:
            held[audience] = credential.get_token(audience.rstrip("/") + "/.default")
        return held[audience].token

    return CliAuthentication(token)


class _SignInHandler(logging.Handler):
    def emit(self, record):
        if progress := getattr(_call, "progress", None):
            progress(SIGN_IN + record.getMessage())


logging.getLogger("azureml._vendor.azure_cli_core.auth.identity").addHandler(_SignInHandler(logging.WARNING))
