"""An installed tree, moved to elsewhere."""

import os

import pytest

from tree import PREFIX, ROOT, Tree, listing, make


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Twice, into a staging folder with a blank in its name, and moved from there."""
    stage = tmp_path_factory.mktemp("staging") / "a folder"
    before = listing(ROOT)
    make("install", stage)
    first = listing(stage)
    make("install", stage)
    again = listing(stage)
    assert {path: v[:3] for path, v in again.items()} == {path: v[:3] for path, v in first.items()}
    assert all(path.startswith(PREFIX[1:] + "/") for path in first)
    assert not os.path.exists(PREFIX)
    assert listing(ROOT) == before
    moved = tmp_path_factory.mktemp("moved") / "kit"
    (stage / PREFIX[1:]).rename(moved)
    return Tree(moved, stage)
