from __future__ import annotations

import re

import pytest

from doorward.sessions import any_spelling

NAME = re.compile(any_spelling("CF_Authorization"), re.IGNORECASE | re.DOTALL)


@pytest.mark.parametrize(
    "written",
    ["CF_Authorization", "cf_authorization", "CF.Authorization", "CF Authorization", "CF%5FAuthorization", "%43F_Authorization", "C%66_%61uthorization"],
)  # fmt: skip
def test_g6_83_a_name_that_some_origin_reads_as_the_cookie_is_a_mention(written: str):
    assert NAME.search(f"a=1; {written}=x")


@pytest.mark.parametrize(
    "written", ["CFAuthorization", "CF_Authorisation", "XF_Authorization", "CF_Author", "%44F_Authorization"]
)
def test_another_name_is_none(written: str):
    assert not NAME.search(f"a=1; {written}=x")
