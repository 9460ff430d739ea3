"""Reads workbooks as a spreadsheet program would: read_back.py BOOK.xlsx.. Exit 0: as they should be, 1: not, 77: no openpyxl."""

import datetime
import re
import sys
import zipfile

try:
    import openpyxl
except ImportError:
    print("skipped: no openpyxl (pip install openpyxl)")
    sys.exit(77)

FRONT = ["About", "Summary"]
BACK = ["Dictionary", "Checks", "Evidence"]
COUNT, AMOUNT, RATE, SHARE = '#,##0;(#,##0);"–"', '#,##0.00;(#,##0.00);"–"', "0.000000", "0.0%"
faults = []


def expect(holds, said):
    if not holds:
        faults.append(said)


def column_of(sheet, head):
    heads = [cell.value for cell in sheet[1]]
    return [row[heads.index(head)] for row in sheet.iter_rows(min_row=2, values_only=True)]


def look_of(name, kind):
    """The types of the values of a column, and the format they are shown in: what the dictionary's type says of it."""
    if kind == "text":
        return {str}, None
    if kind == "bool":
        return {bool}, None
    if kind == "date":
        return {datetime.datetime}, "yyyy\\-mm\\-dd"
    if kind == "int":
        return {int}, COUNT
    scale = int(re.fullmatch(r"decimal\(\d+,(\d+)\)", kind)[1])
    return {int, float}, SHARE if name.endswith(("_share", "_ratio")) else AMOUNT if scale <= 4 else RATE


def data_sheet(name, written, values, dictionary):
    sheet, shown = written[name], values[name]
    heads = [cell.value for cell in sheet[1]]
    expect(sheet.freeze_panes == "C2", f"{name}: frozen at {sheet.freeze_panes}")
    expect(not sheet.merged_cells.ranges, f"{name}: merged cells")
    expect(not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row), f"{name}: a formula among data")
    expect(sheet.print_title_rows == "$1:$1", f"{name}: repeats {sheet.print_title_rows} in print")
    if sheet.max_row > 1:
        (table,) = sheet.tables.values()
        expect(table.ref == sheet.dimensions, f"{name}: table {table.ref}, cells {sheet.dimensions}")
        expect(table.autoFilter.ref == table.ref, f"{name}: filter {table.autoFilter.ref}")
        expect([column.name for column in table.tableColumns] == heads, f"{name}: columns of the table")
    of_table = [key for key in dictionary if f"Data_{key[0].split('.')[1]}"[:31] == name]
    expect([column for _, column in of_table] == heads, f"{name}: columns of the dictionary")
    for at, key in enumerate(of_table, 1):
        types, look = look_of(key[1], dictionary[key])
        cells = [shown.cell(row, at) for row in range(2, shown.max_row + 1)]
        cells = [cell for cell in cells if cell.value is not None]
        expect({type(cell.value) for cell in cells} <= types, f"{name}.{key[1]}: not all {types}")
        expect(look is None or {cell.number_format for cell in cells} <= {look}, f"{name}.{key[1]}: not all {look}")


def renewal(values):
    """The summary computed anew from the data sheets, as a spreadsheet would: each contract, and the totals."""
    bridge, decisions = values["Data_renewal_bridge"], values["Data_renewal_decisions"]
    sums = {}
    for contract, case, basis, step, amount in zip(
        *(column_of(bridge, head) for head in ("contract_id", "scenario", "basis", "step", "amount"))
    ):
        if case == "base" and basis == "reporting":
            sums[contract, step] = sums.get((contract, step), 0) + (amount or 0)
    summary = {row[0]: row for row in values["Summary"].iter_rows(min_row=6, values_only=True)}
    for number, contract in zip(column_of(decisions, "contract_number"), column_of(decisions, "contract_id")):
        today, proposed = sums.get((contract, "current"), 0), sums.get((contract, "proposed"), 0)
        line = summary[number]
        expect(
            abs(line[5] - today) < 0.005 and abs(line[8] - proposed) < 0.005,
            f"{number}: {line}, not {today}, {proposed}",
        )
    for at, step in ((5, "current"), (8, "proposed")):
        total = sum(amount for (_, one), amount in sums.items() if one == step)
        expect(abs(summary["Total"][at] - total) < 0.005, f"total of {step}: {summary['Total'][at]} is not {total}")


def read(path):
    values, written = openpyxl.load_workbook(path, data_only=True), openpyxl.load_workbook(path)
    names = values.sheetnames
    expect(names[:2] == FRONT and names[-3:] == BACK, f"sheets: {names}")
    expect(all(len(name) <= 31 for name in names), "a name of a sheet is too long")
    dictionary = {(row[0], row[1]): row[2] for row in values["Dictionary"].iter_rows(min_row=2, values_only=True)}
    data = [name for name in names if name.startswith("Data_")]
    for name in data:
        data_sheet(name, written, values, dictionary)

    checks = [[cell.value for cell in row] for row in values["Checks"].iter_rows(min_row=2)]
    formulas = [[cell.value for cell in row] for row in written["Checks"].iter_rows(min_row=2)]
    expect(len(checks) >= 8 and all(row[5] == "PASS" for row in checks), f"checks: {checks}")
    expect(all(str(row[at]).startswith("=") for row in formulas for at in (2, 3, 4, 5)), "a check is no formula")
    expect(values["Summary"]["B2"].value == "PASS", "the flag of the summary")
    expect(written["Checks"].protection.sheet, "Checks can be changed by mistake")
    empty = [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in values
        for row in sheet.iter_rows()
        for cell in row
        if cell.value == ""
    ]
    expect(not empty, f"an empty text where a cell should be blank: {empty}")
    if "Data_renewal_bridge" in names:
        renewal(values)
        (choice,) = written["Summary"].data_validations.dataValidation
        expect(
            (str(choice.sqref), choice.formula1) == ("B3", '"low,base,high"'),
            f"choices: {choice.sqref} {choice.formula1}",
        )

    about = {row[0]: row[1] for row in values["About"].iter_rows(values_only=True) if len(row) > 1 and row[0]}
    made = datetime.datetime.fromisoformat(about["As of"])
    times = {values.properties.created, values.properties.modified}
    times |= {datetime.datetime(*part.date_time) for part in zipfile.ZipFile(path).infolist()}
    expect({time.replace(tzinfo=None) for time in times} == {made}, f"made at {times}, speaks for {made}")
    kinds = {prop.name for prop in values.custom_doc_props.props}
    expect({"run id", "policies", "snapshot sha256sums"} <= kinds, f"properties: {kinds}")
    return f"{len(names)} sheets, {len(dictionary)} columns as the dictionary says, {len(checks)} checks PASS"


for path in sys.argv[1:]:
    said = read(path)
    print(f"{path}: " + ("\n".join(faults) if faults else said))
    if faults:
        sys.exit(1)
