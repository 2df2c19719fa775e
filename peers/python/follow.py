"""Follows a TUF repository with python-tuf and prints the version of the root, and the target."""

import json
import os
import sys

from tuf.ngclient import Updater


def main() -> None:
    store, url, root, target = sys.argv[1:]
    targets = os.path.join(store, "targets")
    os.makedirs(targets, exist_ok=True)
    trusted = os.path.join(store, "root.json")
    # What is trusted already stands in the store.
    first = None
    if not os.path.exists(trusted):
        with open(root, "rb") as file:
            first = file.read()
    updater = Updater(store, f"{url}/", targets, f"{url}/targets/", bootstrap=first)
    updater.refresh()
    info = updater.get_targetinfo(target)
    if info is None:
        sys.exit(f"no target {target}")
    with open(updater.download_target(info), encoding="utf-8") as file:
        content = file.read()
    with open(trusted, encoding="utf-8") as file:
        version = json.load(file)["signed"]["version"]
    print(version, content, end="")


main()
