"""What every test stands on: a home of its own, loopback only, and CI's stricter rules."""

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

CI = os.environ.get("CI", "").lower() in {"1", "true"}

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("slow", deadline=None, max_examples=5000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Outside CI only our own warnings are errors: a new release of a package must not stop us."""
    if not CI:
        config.addinivalue_line("filterwarnings", r"default:::(?!notify_tui|tests|_pytest)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a LAN test that skips has failed: a green run must mean that the LAN was there."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("lan"):
        report.outcome = "failed"
        report.longrepr = f"skipped where CI needs it: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the user's home or network: what forgets its own home gets this one."""
    place = tmp_path_factory.mktemp("away", numbered=False)
    (place / "run").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("NOTIFY_TUI_")]:
            patch.delenv(name)
        patch.setenv("NOTIFY_TUI_HOME", str(place / "home"))
        patch.setenv("NOTIFY_TUI_INTERFACE", "127.0.0.1")
        patch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
        yield
