"""Starting with a database that is up to date costs nothing; any other is looked at by Alembic."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet

from doorward.store import Cipher, Store, migrate
from doorward.store.migrate import newest

OPEN = """
import asyncio, sys
from doorward.store import Cipher, Store

async def main():
    await (await Store.open(sys.argv[1], Cipher([sys.argv[2]], "the test"))).close()

asyncio.run(main())
print([name for name in ("alembic", "mako", "pygments", "sqlalchemy.orm") if name in sys.modules])
"""


def test_the_number_of_the_newest_file_is_what_alembic_calls_the_head():
    config = Config()
    config.set_main_option("script_location", str(migrate._VERSIONS.parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [newest()]


async def test_opening_a_database_that_is_up_to_date_imports_no_alembic(url, file):
    key = Fernet.generate_key().decode()
    await (await Store.open(url, Cipher([key], "the test"))).close()
    command = [sys.executable, "-c", OPEN, url, key]
    told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "[]"
