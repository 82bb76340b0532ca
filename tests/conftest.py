"""What all tests rely on."""

import signal


def pytest_configure() -> None:
    """Let plugins be interrupted, even when this run was started in the background or by nohup:
    what is ignored here would be ignored in every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
