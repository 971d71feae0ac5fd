"""When something that is needed does not answer: callers are told so, soon, and told to come again."""

import requests

from tests.support.house import NOBODY, open_house
from tests.support.servers import running_postgres, running_redis, wait_until


def test_without_a_store_everybody_is_asked_to_come_again() -> None:
    with running_postgres() as postgres, running_redis() as redis, open_house(postgres.url, redis.url) as house:
        hall = house.hall
        guest = hall.guest()
        assert requests.get(f"{house.url}/readyz", timeout=5).status_code == 200
        postgres.stop()
        try:
            wait_until(lambda: hall.admin("GET", "/queues").status_code == 503)
            paths = ("/admin/api/v1/queues", f"/admin/api/v1/queues/{NOBODY}", "/admin/api/v1/organizations/current")
            answers = [hall.call("GET", path, None, hall.as_server) for path in paths]
            person = hall.as_person(guest["accessToken"])
            answers.append(hall.call("GET", f"/consumer/api/v1/queues/{NOBODY}/status", None, person))
            answers.append(hall.admin("POST", "/experiences", {"name": "x"}))
            for answer in answers:
                assert (answer.status_code, answer.json()["code"]) == (503, "DEPENDENCY_UNAVAILABLE"), answer.text
                assert int(answer.headers["Retry-After"]) >= 1
            assert requests.get(f"{house.url}/livez", timeout=5).status_code == 200
            ready = requests.get(f"{house.url}/readyz", timeout=10)
            assert (ready.status_code, ready.json()["missing"]) == (503, ["postgres"])
        finally:
            postgres.start()
        wait_until(lambda: hall.admin("GET", "/queues").status_code == 200, 20)
        assert hall.experience()["published"] is True
