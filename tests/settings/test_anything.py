"""Whatever the file holds, the answer is settings or a list of problems."""

from __future__ import annotations

import random

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.settings.reading import ENVIRON, GOOD, write

from doorward.settings import InvalidConfiguration, Problem, load
from doorward.settings.declared import LISTS, SECTIONS

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = sorted(
    {*SECTIONS, *LISTS}
    | {
        "name", "id", "aud", "type", "config", "include", "exclude", "require", "decision", "policies", "domain",
        "group", "everyone", "email", "ip", "geo", "okta", "service", "hostname", "path", "tls", "local", "oidc",
        "http", "https", "allow", "allowed_idps", "cors_headers", "destinations", "uri", "<<", "${X}", "file:x",
        "onetimepin", "auth_domain", "http_status:404", "*.example.com", "login.localhost", "unix:/x", "http://[::1",
    }
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(WORDS), st.dates()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | SCALARS, inner, max_size=5),
    max_leaves=25,
)
FILES = st.dictionaries(st.sampled_from([*SECTIONS, *LISTS]), VALUES, max_size=8)


def answer(folder, text):
    try:
        problems = load(write(folder, text), ENVIRON).warnings
    except InvalidConfiguration as error:
        problems = error.problems or (None,)
    assert all(isinstance(problem, Problem) and problem.message and problem.line >= 1 for problem in problems)


@QUIET
@given(data=FILES)
def test_any_values_under_known_sections(tmp_path, data):
    answer(tmp_path, yaml.safe_dump(data, allow_unicode=True))


@QUIET
@given(data=VALUES)
def test_any_values_at_all(tmp_path, data):
    answer(tmp_path, yaml.safe_dump(data, allow_unicode=True))


@QUIET
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text(tmp_path, text):
    answer(tmp_path, text)


@QUIET
@given(seed=st.integers())
def test_a_good_file_with_values_exchanged(tmp_path, seed):
    """Takes real values to wrong places, where random ones seldom get."""
    chance = random.Random(seed)
    data = yaml.safe_load(GOOD)
    places = list(containers(data))
    for _ in range(chance.randint(1, 4)):
        (one, a), (two, b) = chance.choice(places), chance.choice(places)
        one[a] = chance.choice([two[b], None, [], {}, "", [two[b]], {"name": two[b]}])
    try:
        text = yaml.safe_dump(data)
    except RecursionError:
        return
    answer(tmp_path, text)


@QUIET
@given(seed=st.integers())
def test_a_good_file_with_lines_damaged(tmp_path, seed):
    chance = random.Random(seed)
    lines = GOOD.splitlines()
    for _ in range(chance.randint(1, 3)):
        index = chance.randrange(len(lines))
        lines[index] = chance.choice(
            [
                "",
                "  " + lines[index],
                lines[index].strip(),
                lines[index] + " x",
                lines[index].replace(":", "", 1),
                "\t",
                "- ",
            ]
        )
    answer(tmp_path, "\n".join(lines))


def containers(data):
    """Every place in nested lists and mappings."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(items):
        yield data, key
        if isinstance(value, dict | list):
            yield from containers(value)
