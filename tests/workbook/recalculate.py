"""Has LibreOffice compute workbooks anew: recalculate.py FOLDER BOOK.xlsx.. (FOLDER is for its copies)

Every formula must give the value that the workbook holds for it; and where the summary has a case to choose, choosing
another must give the amounts of that case.
"""

import pathlib
import subprocess
import sys

import openpyxl

# Formulas of a file that another program wrote are computed on loading only when the profile says so.
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"><value>0</value></prop></item>
</oor:items>
"""


def recalculated(book, folder):
    """The values of a copy that LibreOffice has opened, computed and saved."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True, exist_ok=True)
    settings = profile / "registrymodifications.xcu"
    if not settings.exists():
        settings.write_text(PROFILE)
    out = folder / "computed"
    command = [
        "soffice",
        f"-env:UserInstallation=file://{profile.parent}",
        "--headless",
        "--norestore",
        "--convert-to",
        "xlsx",
    ]
    ran = subprocess.run([*command, "--outdir", out, book], capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode or not (out / book.name).exists():
        sys.exit(f"LibreOffice does not open {book}: {ran.stdout}{ran.stderr}")
    return openpyxl.load_workbook(out / book.name, data_only=True)


def cells(book):
    return ((sheet.title, cell.coordinate, cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)


def same(one, other):
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other))
    return abs(one - other) < 0.005 if numbers else one == other


def check(path, folder):
    """What of a workbook LibreOffice computes otherwise."""
    formulas = {
        (sheet, place) for sheet, place, value in cells(openpyxl.load_workbook(path)) if str(value).startswith("=")
    }
    held = {(sheet, place): value for sheet, place, value in cells(openpyxl.load_workbook(path, data_only=True))}
    if not formulas:
        yield "holds no formula"
    # Without a value a formula cannot pass unseen: in this copy each must be computed.
    blank = folder / path.name
    openpyxl.load_workbook(path).save(blank)
    assert not any(
        value
        for sheet, place, value in cells(openpyxl.load_workbook(blank, data_only=True))
        if (sheet, place) in formulas
    )
    for copy in (path, blank):
        computed = {(sheet, place): value for sheet, place, value in cells(recalculated(copy, folder))}
        for where in sorted(held):
            if not same(held[where], computed.get(where)):
                yield f"{where[0]}!{where[1]}: holds {held[where]!r}, LibreOffice computes {computed.get(where)!r}"
    yield from choices(path, folder)


def choices(path, folder):
    """The totals of the summary in each case, against the rows of the bridge."""
    book = openpyxl.load_workbook(path)
    if "Data_renewal_bridge" not in book.sheetnames:
        return
    head, *rows = book["Data_renewal_bridge"].iter_rows(values_only=True)
    rows = [dict(zip(head, row)) for row in rows]
    for case in ("low", "high"):
        book["Summary"]["B3"] = case
        chosen = folder / f"{case}-{path.name}"
        book.save(chosen)
        summary = {row[0]: row for row in recalculated(chosen, folder)["Summary"].iter_rows(values_only=True)}
        wanted = (case, "reporting", "proposed")
        total = sum(row["amount"] for row in rows if (row["scenario"], row["basis"], row["step"]) == wanted)
        if not same(summary["Total"][8], total):
            yield f"Summary in the case {case}: proposed {summary['Total'][8]}, the bridges end with {total}"


folder = pathlib.Path(sys.argv[1]).resolve()
faulty = 0
for name in sys.argv[2:]:
    faults = list(check(pathlib.Path(name), folder))
    faulty += bool(faults)
    print(
        "\n  ".join([f"{name}: {len(faults)} faults", *faults[:20]])
        if faults
        else f"{name}: every formula gives what it holds"
    )
sys.exit(1 if faulty else 0)
