"""The cloud's metadata, and tokens for managed identities, service principals and tests."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from tests.azureml_service.routing import Request, Response, Routes

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
TENANT = "99999999-8888-7777-6666-555555555555"
LIFETIME_S = 3600


def token(service: Service, audience: str = "https://management.azure.com/") -> str:
    """Return an unsigned token with the claims that clients read."""
    claims = {
        "aud": audience,
        "iss": service.address,
        "exp": int(time.time()) + LIFETIME_S,
        "tid": TENANT,
        "oid": "loopback-user",
        "name": "Loopback User",
        "appid": "loopback-application",
    }
    return ".".join((_encode({"typ": "JWT", "alg": "HS256"}), _encode(claims), _encode("loopback")))


def _encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _grant(service: Service, audience: str) -> Response:
    expires = int(time.time()) + LIFETIME_S
    return Response(
        200,
        {
            "access_token": token(service, audience),
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "expires_on": str(expires),
            "not_before": str(int(time.time())),
            "resource": audience,
        },
    )


@routes.route("GET", "/metadata/endpoints")
def clouds(service: Service, request: Request) -> Response:
    """Return the only cloud, in the format of ARM's endpoints of 2019-05-01."""
    here = service.address
    # A client puts a name in front, and the result must still be this host: text before the @ is not part of a host.
    storage = f"x@{here.removeprefix('https://')}"
    return Response(
        200,
        [
            {
                "name": "AzureCloud",
                "portal": f"{here}/portal",
                "authentication": {
                    "loginEndpoint": f"{here}/adfs" if service.behaviour.adfs else f"{here}/",
                    "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "graphAudience": f"{here}/graph",
                "microsoftGraphResourceId": f"{here}/graph",
                "resourceManager": here,
                "batch": here,
                "gallery": here,
                "sqlManagement": here,
                "media": here,
                "vmImageAliasDoc": here,
                "activeDirectoryDataLake": here,
                "suffixes": {
                    "storage": storage,
                    "keyVaultDns": "vault.localhost",
                    "sqlServerHostname": "database.localhost",
                    "azureDataLakeStoreFileSystem": "datalake.localhost",
                    "azureDataLakeAnalyticsCatalogAndJob": "analytics.localhost",
                    "acrLoginServer": "registry.localhost",
                },
            }
        ],
    )


@routes.route("GET", "/identity/token/", changes=False)
@routes.route("GET", "/identity/token", changes=False)
def get_managed_token(service: Service, request: Request) -> Response:
    """Return a managed identity's token, as App Service does."""
    return _grant(service, request.query["resource"])


@routes.route("POST", "/identity/token", changes=False)
def post_managed_token(service: Service, request: Request) -> Response:
    """Return a managed identity's token, as a virtual machine does."""
    return _grant(service, _form(request)["resource"])


@routes.route("POST", "/{tenant}/oauth2/devicecode", changes=False)
def start_device_login(service: Service, request: Request, tenant: str) -> Response:
    """Return the code to enter for a device login, and the page for it."""
    message = "To sign in, open https://localhost/devicelogin and enter the code LOOPBACK to authenticate."
    code = {"user_code": "LOOPBACK", "device_code": "loopback", "verification_uri": "https://localhost"}
    return Response(200, {**code, "message": message, "expires_in": 60, "interval": 1})


@routes.route("POST", "/{tenant}/oauth2/token", changes=False)
@routes.route("POST", "/{tenant}/oauth2/v2.0/token", changes=False)
def principal(service: Service, request: Request, tenant: str) -> Response:
    """Return a service principal's token. Device logins are declined."""
    form = _form(request)
    if "device_code" in form:
        declined = {"error": "authorization_declined", "error_description": "The person declined."}
        return Response(400, declined)
    return _grant(service, form.get("resource") or form["scope"].split()[0].removesuffix("/.default"))


@routes.route("GET", "/{tenant}/.well-known/openid-configuration")
@routes.route("GET", "/{tenant}/v2.0/.well-known/openid-configuration")
def configuration(service: Service, request: Request, tenant: str) -> Response:
    """Return the token endpoints of a tenant."""
    here = f"{service.address}/{tenant}"
    return Response(
        200,
        {
            "issuer": here,
            "token_endpoint": f"{here}/oauth2/token",
            "authorization_endpoint": f"{here}/oauth2/authorize",
            "device_authorization_endpoint": f"{here}/oauth2/devicecode",
        },
    )


def _form(request: Request) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(request.body.decode()))
