"""`drumroll migrations`: the migrations make the tables that the code describes, or are told apart from them."""

import sqlalchemy as sa
from typer.testing import CliRunner

from cli.main import app
from store.migrations.check import differences
from store.migrations.run import drift
from tests.support.database import fresh_database


def test_the_migrations_make_the_tables_of_the_code() -> None:
    result = CliRunner().invoke(app, ["migrations", "check"])
    assert result.exit_code == 0, result.output
    assert "make the tables" in result.output


def test_a_store_that_differs_is_found_out(postgres_server: str) -> None:
    with fresh_database(postgres_server) as store:
        engine = store.engine()
        with engine.begin() as connection:
            assert drift(connection) == []
            connection.execute(sa.text("ALTER TABLE organization ADD COLUMN motto text"))
            (found,) = drift(connection)
        engine.dispose()
    assert "motto" in found


def test_looking_for_differences_keeps_nothing(postgres_server: str) -> None:
    with fresh_database(postgres_server) as store:
        engine = store.engine()
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        with engine.connect() as connection:
            assert differences(connection) == []
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
        engine.dispose()
