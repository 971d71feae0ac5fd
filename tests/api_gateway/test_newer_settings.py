"""While a newer version is being rolled out, the older one reads, shows and changes what the newer one has written."""

import psycopg

from tests.support.house import House

COLUMNS = {"queue": "config", "experience": "settings", "sequence": "settings", "organization": "settings"}


def test_settings_of_a_newer_program_are_shown_and_changed_as_far_as_they_are_known(house: House) -> None:
    hall = house.hall
    launch = hall.experience()
    queue = hall.queue(launch)
    with psycopg.connect(house.database.owner, autocommit=True) as owner:
        for table, column in COLUMNS.items():
            newer = (
                f"""UPDATE {table} SET {column} = {column} || '{{"brandNew": {{"deep": 1}}}}' WHERE tenant_id = %s"""  # noqa: S608 (ours)
            )
            assert owner.execute(newer.encode(), (hall.made.live,)).rowcount > 0
    for path in (f"/queues/{queue['id']}", f"/experiences/{launch['id']}", "/organizations/current"):
        shown = hall.admin("GET", path)
        assert (shown.status_code, "brandNew" in shown.text) == (200, False), shown.text
        changed = hall.admin("PATCH", path, {"name": "Renamed"}, **{"If-Match": shown.headers["ETag"]})
        assert (changed.status_code, changed.json()["name"]) == (200, "Renamed"), changed.text
