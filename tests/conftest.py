"""What all tests share: hypothesis profiles, a seed that is always printed, and the folder of reference material."""

import random
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# `ci` tries the same examples each time, so that a green main stays green; `dev` draws new ones from a printed seed.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, max_examples=200)
settings.register_profile("torture", deadline=None, print_blob=True, max_examples=2_000)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.load_profile("dev")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw a seed for hypothesis where none was given, before hypothesis looks for it and xdist copies it."""
    if config.option.hypothesis_profile != "ci" and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    """Return the line that says how to play the same examples again."""
    if config.option.hypothesis_profile == "ci":
        return "hypothesis examples: fixed (profile ci)"
    seed = config.option.hypothesis_seed
    return f"hypothesis seed: {seed} (again: make replay SEED={seed} TEST=<path of the test>)"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of reference material beside the repository, or skip: a user's checkout has none."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder 'shared' beside the repository: the reference figures cannot be compared")
    return folder
