"""A botocore session that looks at no environment variable and no file of the user's."""

from __future__ import annotations

import os

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.session import Session

_NO_FILE = {"config_file": os.devnull, "credentials_file": os.devnull}


def quiet_session() -> Session:
    """Return a session with fixed credentials and every configuration variable at its default.

    An AWS_PROFILE that names nothing, an AWS_ENDPOINT_URL, a broken configuration file would otherwise break
    or redirect a client that needs none of them.
    """
    defaults = {
        name: (None, None, _NO_FILE.get(name, default), None)
        for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    session = Session(session_vars=defaults)
    session.set_credentials("local", "local")
    return session
