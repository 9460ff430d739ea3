"""Reads a renewal workbook as a spreadsheet program would: read_back.py BOOK.xlsx. Exit 0: as it should be, 1: not, 77: no openpyxl."""

import datetime
import sys

try:
    import openpyxl
except ImportError:
    print("skipped: no openpyxl (pip install openpyxl)")
    sys.exit(77)

FRONT = ["About", "Summary"]
BACK = ["Dictionary", "Checks", "Evidence"]
faults = []


def expect(holds, said):
    if not holds:
        faults.append(said)


path = sys.argv[1]
shown = openpyxl.load_workbook(path, data_only=True)
written = openpyxl.load_workbook(path)
names = shown.sheetnames
expect(names[:2] == FRONT and names[-3:] == BACK, f"sheets: {names}")
expect(all(len(name) <= 31 for name in names), "a name of a sheet is too long")
data = [name for name in names if name.startswith("Data_")]

for name in data:
    sheet, values = written[name], shown[name]
    heads = [cell.value for cell in sheet[1]]
    expect(sheet.freeze_panes == "C2", f"{name}: frozen at {sheet.freeze_panes}")
    expect(not any(str(c.value).startswith("=") for row in sheet.iter_rows() for c in row if c.data_type == "f"), f"{name}: a formula")
    if sheet.max_row > 1:
        (table,) = sheet.tables.values()
        expect(table.ref == sheet.dimensions, f"{name}: table {table.ref}, cells {sheet.dimensions}")
        expect([c.name for c in table.tableColumns] == heads, f"{name}: columns of the table")
    for column, head in enumerate(heads, 1):
        cells = [values.cell(row, column) for row in range(2, values.max_row + 1)]
        cells = [cell for cell in cells if cell.value is not None]
        kinds = {type(cell.value) for cell in cells}
        if head.endswith("_on") or head in ("month", "week_to"):
            expect(kinds <= {datetime.datetime}, f"{name}.{head}: {kinds}")
            expect(all(cell.number_format == "yyyy\\-mm\\-dd" for cell in cells), f"{name}.{head}: format")
        elif head.endswith("_amount"):
            expect(kinds <= {int, float}, f"{name}.{head}: {kinds}")
            expect(all("#,##0.00" in cell.number_format for cell in cells), f"{name}.{head}: format")
        elif head.endswith(("_share", "_ratio")):
            expect(all(cell.number_format == "0.0%" for cell in cells), f"{name}.{head}: format")
        elif head.endswith("_id"):
            expect(kinds <= {str}, f"{name}.{head}: {kinds}")

checks = [[cell.value for cell in row] for row in shown["Checks"].iter_rows(min_row=2)]
formulas = [[cell.value for cell in row] for row in written["Checks"].iter_rows(min_row=2)]
expect(len(checks) >= 8, f"{len(checks)} checks")
expect(all(row[5] == "PASS" for row in checks), f"checks: {checks}")
expect(all(str(row[i]).startswith("=") for row in formulas for i in (2, 3, 4, 5)), "a check is no formula")
expect(shown["Summary"]["B2"].value == "PASS", "the flag of the summary")


def column_of(sheet, head):
    heads = [cell.value for cell in sheet[1]]
    return [row[heads.index(head)] for row in sheet.iter_rows(min_row=2, values_only=True)]


# Computed anew from the data sheets, as a spreadsheet would: the totals of the summary and of each contract.
bridge = shown["Data_renewal_bridge"]
rows = zip(*(column_of(bridge, head) for head in ("contract_id", "scenario", "basis", "step", "amount")))
sums = {}
for contract, case, basis, step, amount in rows:
    if case == "base" and basis == "reporting":
        sums[contract, step] = sums.get((contract, step), 0) + (amount or 0)
decisions = shown["Data_renewal_decisions"]
keys = list(zip(column_of(decisions, "contract_number"), column_of(decisions, "contract_id")))
summary = {row[0]: row for row in shown["Summary"].iter_rows(min_row=6, values_only=True)}
for number, contract in keys:
    today, proposed = sums.get((contract, "current"), 0), sums.get((contract, "proposed"), 0)
    line = summary[number]
    expect(abs(line[5] - today) < 0.005 and abs(line[8] - proposed) < 0.005, f"{number}: {line} is not {today}, {proposed}")
for at, step in ((5, "current"), (8, "proposed")):
    total = sum(amount for (_, one), amount in sums.items() if one == step)
    expect(abs(summary["Total"][at] - total) < 0.005, f"total of {step}: {summary['Total'][at]} is not {total}")

kinds = {prop.name for prop in shown.custom_doc_props.props}
expect({"run id", "policies", "snapshot sha256sums"} <= kinds, f"properties: {kinds}")
print("\n".join(faults) if faults else f"{len(names)} sheets, {len(checks)} checks PASS, {len(keys)} contracts")
sys.exit(1 if faults else 0)
