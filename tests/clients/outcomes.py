"""Expected outcomes kept as files under `tests/data`, which UPDATE_OUTCOMES=1 writes anew."""

import json
import os

from servers.processes import ROOT

UPDATE = os.environ.get("UPDATE_OUTCOMES") == "1"


class Golden:
    """One file: a JSON object of rows, each checked, or written, by itself."""

    def __init__(self, name):
        self.path = ROOT / "tests/data" / name
        self.rows = json.loads(self.path.read_text()) if self.path.exists() else {}

    def check(self, row, found):
        """Compares a row with what was found, or puts it there."""
        if UPDATE:
            self.rows[row] = found
            self.path.write_text(self._text())
        assert row in self.rows, f"{self.path.name} has no `{row}`; UPDATE_OUTCOMES=1 writes it"
        assert found == self.rows[row], f"`{row}` in {self.path.name}; UPDATE_OUTCOMES=1 writes what was found"

    def check_cell(self, row, column, found):
        """Compares one cell of a row with what was found, or puts it there."""
        cells = self.rows.get(row, {})
        if UPDATE:
            self.check(row, dict(sorted((cells | {column: found}).items())))
        assert found == cells.get(column) or UPDATE, f"`{row}`, {column}: `{found}`, in {self.path.name} `{cells.get(column)}`"

    def _text(self):
        rows = ",\n".join(f"  {json.dumps(row)}: {self._row(found)}" for row, found in sorted(self.rows.items()))
        return f"{{\n{rows}\n}}\n"

    @staticmethod
    def _row(found):
        if len(json.dumps(found)) < 110:
            return json.dumps(found)
        members = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
        return f"{{\n{members}\n  }}"
