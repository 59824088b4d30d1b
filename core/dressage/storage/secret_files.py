"""Names of files and folders that usually have secrets. A source directory is copied without them, unless they are
included by name: the copy may be uploaded.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from dressage.files.regular import open_regular
from dressage.specs.configuration import FILE
from dressage.specs.credentials import has_credentials

_FOLDERS = r"\.ssh|\.aws|\.azure|\.kube|\.gnupg|\.config/gcloud"
_FILES = (
    r"\.env(\.(?!(example|sample|template|dist)$).*)?|\.envrc",
    r"[._]netrc|\.pypirc|\.pgpass|\.git-credentials|\.docker/config\.json",
    r"id_[^./]+",  # but not id_rsa.pub
    r"[^/]*\.(pem|p12|pfx|jks|keystore|ppk|kdbx)",
    # Private keys, but not presentations: server.key, example.com.key
    r"[^/]*(priv|server|client|tls|ssl|host|root|sign|secret|rsa|ed25519|deploy)[^/]*\.key|[^/.]+(\.[^/.]+)+\.key",
    r"(aws_?|gcp_?|google_?|application_default_)?credentials\.json|client_secrets?[^/]*\.json",
    r"service[-_]?account[^/]*\.json|gha-creds-[^/]*\.json|kaggle\.json|token\.json",
    r"credentials\.(csv|toml|ya?ml)|secrets?\.(toml|ya?ml|json)|[^/]+\.env|rclone\.conf|kubeconfig",
    r"\.(npmrc|my\.cnf|boto|s3cfg|dockercfg|vault-token|htpasswd)|\.?huggingface/token",
    r"terraform\.tfstate(\.backup)?|[^/]*\.tfvars",
)
_COPIES = r"(~|\.(bak|old|orig|swp|save))?"
"""Ends of names of copies that editors and people make."""
_READ_BYTES = 1 << 20
_SECRET = re.compile(rf"(?:^|/)((?:{_FOLDERS})(?=/)|(?:{'|'.join(_FILES)}){_COPIES}$)", re.IGNORECASE)


def find_secret_name(path: str) -> str | None:
    """Return the part of a path that is the name of a file or folder with secrets; None if there is none.

    A folder's path ends with '/'.
    """
    found = _SECRET.search(path)
    return found[1].rpartition("/")[2] if found else None


def is_secret_configuration(path: str) -> bool:
    """Return whether a file is a dressage.toml with a password or token in an address, as [indexes] may have."""
    if path.rpartition("/")[2] != FILE:
        return False
    try:
        with open_regular(Path(path)) as file:
            return has_credentials(file.read(_READ_BYTES).decode(errors="replace"))
    except OSError:
        return False


def names_secret(pattern: str, name: str) -> bool:
    """Return whether a pattern ends with a name like this one: a pattern for everything does not."""
    last = pattern.rstrip("/").rpartition("/")[2]
    return re.search(r"[^\W_]", last) is not None and fnmatchcase(name, last)
