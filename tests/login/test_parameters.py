from __future__ import annotations

import pytest

from doorward.login.callback import merged
from doorward.login.parameters import MOST, ParameterError, read_parameters


def test_parameters_are_read():
    parameters = read_parameters("a=1&b=x%20y+z&empty=")
    assert parameters.values == {"a": "1", "b": "x y z", "empty": ""}
    assert parameters.get("absent") == ""


@pytest.mark.parametrize("encoded", ["code=1&code=2", "state=a&x=1&state=a", "a=&a=", "%61=1&a=2"])
def test_g7_100_a_parameter_sent_twice_is_refused(encoded):
    with pytest.raises(ParameterError, match="more than once"):
        read_parameters(encoded)


def test_g7_100_a_parameter_in_query_and_form_is_refused():
    with pytest.raises(ParameterError, match="more than once"):
        merged(read_parameters("state=a"), read_parameters("state=a&code=b"))
    assert merged(read_parameters("x=1"), read_parameters("y=2")).values == {"x": "1", "y": "2"}


@pytest.mark.parametrize("encoded", ["a=%ff", "&".join(f"p{number}=1" for number in range(MOST + 1))])
def test_what_has_no_single_meaning_is_refused(encoded):
    with pytest.raises(ParameterError):
        read_parameters(encoded)
