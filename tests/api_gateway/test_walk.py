"""One walk through both APIs: an organization makes a launch, a guest comes through it."""

from tests.support.house import House
from tests.support.resident import strong_key


def test_a_guest_comes_through_a_queue(house: House) -> None:
    hall = house.hall
    guest = hall.granted(hall.queue())
    body = {"admissionGrant": guest["admissionGrant"]}
    valid = hall.call("POST", "/consumer/api/v1/admission/validate", body, hall.as_server)
    assert (valid.json()["valid"], valid.json()["grant"]["sub"]) == (True, guest["consumerId"])
    done = hall.call("POST", "/consumer/api/v1/admission/complete", body | {"orderId": "A1"}, hall.as_server)
    assert (done.status_code, done.json()["status"]) == (200, "COMPLETED"), done.text


def test_entering_twice_with_one_key_is_one_guest(house: House) -> None:
    hall, headers = house.hall, {"Idempotency-Key": strong_key()}
    queue = hall.queue(admitRate=1)
    hall.entered(queue)
    first, second = (hall.visit("POST", f"/queues/{queue['id']}/enter", {}, **headers) for _ in range(2))
    assert first.json()["participationId"] == second.json()["participationId"]
    assert first.json()["refreshToken"] == second.json()["refreshToken"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert hall.state(queue, second.json()["accessToken"])["status"] == "QUEUED"
