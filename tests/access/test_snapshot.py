from __future__ import annotations

from tests.access.world import STAFF_ONLY, application, snapshot
from tests.tokens.material import AUD, OTHER_AUD


def test_an_application_is_found_by_its_audience_tag():
    app = application(STAFF_ONLY)
    assert snapshot(app).application(AUD) is app
    assert snapshot(app).application(OTHER_AUD) is None


def test_no_key_shows_in_a_printed_snapshot():
    assert "KeyRing" not in repr(snapshot())
