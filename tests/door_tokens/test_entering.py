"""A program with good credentials enters, and the application learns who it is, and nothing secret."""

from __future__ import annotations

import pytest
from tests.door.house import aud
from tests.door.running import claims_of
from tests.door.visitor import unseen_path
from tests.door_tokens.place import OWN, Programs


async def test_a_header_pair_lets_a_program_in(either: Programs) -> None:
    path = unseen_path()
    response = await either.get("robots.localhost", path, headers=either.ci.pair)
    assert response.status_code == 200, response.text
    seen = either.house.at_origin(path)
    claims = claims_of(seen.get("cf-access-jwt-assertion"))
    assert claims["type"] == "app"
    assert claims["aud"] == [aud("robots.localhost")]
    assert claims["common_name"] == either.ci.client_id
    assert claims["sub"] == ""
    assert claims["iss"] == either.house.issuer
    assert not {"email", "identity_nonce", "nbf", "country"} & set(claims)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_whatever_the_method(either: Programs, method: str) -> None:
    path = unseen_path()
    response = await either.ask(method, "robots.localhost", path, headers=either.ci.pair)
    assert response.status_code == 200
    assert either.house.at_origin(path).method == method


async def test_header_names_may_be_in_any_case(either: Programs) -> None:
    headers = {"cf-ACCESS-client-ID": either.ci.client_id, "CF-ACCESS-CLIENT-SECRET": either.ci.client_secret}
    assert (await either.get("robots.localhost", headers=headers)).status_code == 200


async def test_a_secret_of_the_older_form_from_the_configuration_file_works(either: Programs) -> None:
    assert (await either.get("own.localhost", headers=OWN.pair)).status_code == 200
    assert (await either.get("own.localhost", headers=OWN.but(client_secret="e" * 64).pair)).status_code in {401, 403}


async def test_g3_46_service_credentials_never_reach_the_origin(either: Programs) -> None:
    requests = (
        ("robots.localhost", either.ci.pair),
        ("open.localhost", {}),
        ("one.localhost", {"authorization": either.ci.one}),
        ("own.localhost", {"x-service-token": OWN.one}),
    )
    for host, headers in requests:
        path = unseen_path()
        assert (await either.get(host, path, headers=headers)).status_code == 200
        seen = either.house.at_origin(path)
        names = {name.lower() for name, _ in seen.headers}
        assert not {"cf-access-client-id", "cf-access-client-secret", "authorization", "x-service-token"} & names
        assert not [name for name in names if name.startswith("x-doorward")]
        assert all(secret not in str(seen.headers) for secret in (either.ci.client_secret, OWN.client_secret))


async def test_g3_46_nor_do_they_where_nobody_asks_for_them(classic: Programs) -> None:
    path = unseen_path()
    assert (await classic.get("open.localhost", path, headers=classic.ci.pair)).status_code == 200
    assert "cf-access" not in str(classic.house.at_origin(path).headers).lower()


async def test_no_email_header_is_written_and_a_forged_one_is_removed(either: Programs) -> None:
    path = unseen_path()
    forged = {"cf-access-authenticated-user-email": "alice@example.test", "cf-access-jwt-assertion": "x"}
    response = await either.get("robots.localhost", path, headers=either.ci.pair | forged)
    assert response.status_code == 200
    seen = either.house.at_origin(path)
    assert seen.get("cf-access-authenticated-user-email") is None
    assert claims_of(seen.get("cf-access-jwt-assertion"))["common_name"] == either.ci.client_id


async def test_any_valid_service_token_means_every_good_one(either: Programs) -> None:
    for credentials in (either.ci, either.stranger, OWN):
        assert (await either.get("any.localhost", headers=credentials.pair)).status_code == 200


async def test_the_token_at_the_origin_is_the_same_for_many_requests(either: Programs) -> None:
    seen = set()
    for _ in range(5):
        path = unseen_path()
        await either.get("any.localhost", path, headers=either.ci.pair)
        seen.add(either.house.at_origin(path).get("cf-access-jwt-assertion"))
    assert len(seen) == 1
    claims = claims_of(seen.pop())
    assert claims["exp"] - claims["iat"] == 3600


async def test_g10_149_an_id_or_a_secret_in_the_query_counts_for_nothing(either: Programs) -> None:
    query = f"/?cf-access-client-id={either.ci.client_id}&cf-access-client-secret={either.ci.client_secret}"
    response = await either.get("robots.localhost", query)
    assert response.status_code == 403
    assert response.headers["cf-access-error"] == "1"
