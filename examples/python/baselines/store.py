"""Where runs are kept: runs/<id>/run.json, and `latest`, which points at the newest."""

import datetime
import json
import os
import threading

SCHEMA = "pipefit-run/1"

#: Names the results folder where no flag does.
RESULTS_VAR = "PIPEFIT_RESULTS"


class Store:
    """A results folder. A run appears in it complete or not at all."""

    def __init__(self, asked):
        self.root = asked or os.environ.get(RESULTS_VAR) or os.path.join("results", "python")

    def check(self):
        """Makes sure that a run can be kept: better to learn it before measuring."""
        hidden, _, _ = self._draft(datetime.datetime.now(datetime.timezone.utc))
        os.rmdir(hidden)

    def _draft(self, started):
        if not os.path.isdir(os.path.dirname(os.path.abspath(self.root))):
            # It may be a typing error.
            raise FileNotFoundError("the folder above %s does not exist" % self.root)
        runs = os.path.join(self.root, "runs")
        os.makedirs(runs, exist_ok=True)
        for _ in range(16):
            name = started.strftime("%Y%m%dT%H%M%SZ-") + os.urandom(2).hex()
            hidden, place = (os.path.join(runs, n) for n in (".%s.new" % name, name))
            try:
                os.mkdir(hidden)
            except FileExistsError:
                continue
            if not os.path.lexists(place):
                return hidden, place, name
            os.rmdir(hidden)
        raise FileExistsError("every name tried is taken in " + runs)

    def keep(self, record, started):
        """Writes a run, names it, and has `latest` point at it. Gives its run.json."""
        hidden, place, name = self._draft(started)
        path = os.path.join(hidden, "run.json")
        try:
            with open(path, "w", encoding="utf-8") as file:
                # The order of the schema's fields, with the name it has now.
                json.dump(dict({"schema": SCHEMA, "id": name}, **record), file, indent=2)
                file.write("\n")
            os.rename(hidden, place)
        except BaseException:
            if os.path.exists(path):
                os.unlink(path)
            if os.path.exists(hidden):
                os.rmdir(hidden)
            raise
        self._point(name)
        return os.path.join(place, "run.json")

    def _point(self, name):
        """A link is replaced by renaming another one over it: there always is one."""
        new = os.path.join(self.root, ".latest.%s.%d" % (name, threading.get_native_id()))
        os.symlink(os.path.join("runs", name), new)
        try:
            os.replace(new, os.path.join(self.root, "latest"))
        except OSError:
            os.unlink(new)
            raise
