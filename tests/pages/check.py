"""Opens pages in a browser that has no network: check.py CHROMIUM PAGE.html.. Exit 1 when one is not as it should be."""

import pathlib
import sys

from playwright.sync_api import sync_playwright

MOST_BYTES = 2 * 1024 * 1024
PHONE, DESK, PAPER = 375, 1280, 718  # paper: A4 less its margins, at 96 dots an inch
ASK = (pathlib.Path(__file__).parent / "check.js").read_text().strip().rstrip(";")


def number(text):
    """A figure as it is read: parentheses are below zero, a dash or a word is nothing."""
    below = text.removeprefix("minus ").startswith(("(", "-", "\u2212"))
    digits = "".join(c for c in text if c.isdigit() or c == ".")
    return (-1 if below else 1) * float(digits) if any(c.isdigit() for c in digits) else None


def sorting(page):
    """Enter on the headings of each table, the first and the last: rising, then falling."""
    for table in page.query_selector_all("table:has(th button)"):
        buttons = table.query_selector_all("th button")
        for button in {id(one): one for one in (buttons[0], buttons[-1])}.values():
            for said in ("ascending", "descending"):
                button.focus()
                page.keyboard.press("Enter")
                is_number, sort, texts = page.evaluate("([ask, b]) => eval(ask).column(b)", [ASK, button])
                name = button.text_content()
                if sort != said:
                    yield f"`{name}`: aria-sort is {sort} instead of {said}"
                if is_number:
                    known = [value for value in map(number, texts) if value is not None]
                    if known != sorted(known, reverse=said == "descending"):
                        yield f"`{name}`: not in {said} order: {texts[:6]}"
                if len(table.query_selector_all("th[aria-sort]")) != 1:
                    yield f"`{name}`: not one column says it is sorted"


def finding(page):
    """A word that one part has leaves that part and few others, and says how many; no word leaves all."""
    for field in page.query_selector_all("input[data-finds]"):
        parts = page.query_selector_all(field.get_attribute("data-finds"))
        words = parts[len(parts) // 2].query_selector("h3").text_content()
        field.focus()
        page.keyboard.type(words)
        shown = [part for part in parts if part.is_visible()]
        said = page.query_selector(f"output[for={field.get_attribute('id')}]").text_content()
        if parts[len(parts) // 2] not in shown or len(shown) > len(parts) // 2:
            yield f"`{words}` finds {len(shown)} of {len(parts)}"
        if said != f"{len(shown)} of {len(parts)}":
            yield f"`{words}` finds {len(shown)} of {len(parts)} and says {said}"
        field.fill("")
        if any(not part.is_visible() for part in parts):
            yield "no word does not leave all"


def look(browser, path):
    """What is wrong with a page."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        yield f"{size} bytes"
    context = browser.new_context(viewport={"width": DESK, "height": 900}, offline=True)
    page, requests, errors = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    ask = lambda call: page.evaluate(f"(ask) => eval(ask).{call}", ASK)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    yield from ask("names()")
    yield from sorting(page)
    yield from finding(page)
    for width, media in ((PHONE, "screen"), (DESK, "screen"), (PAPER, "print")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        for fault in ask(f"overflow({width})"):
            yield f"at {width} px, {media}: {fault}"
    for scheme, media in (("light", "screen"), ("dark", "screen"), ("light", "print")):
        page.emulate_media(color_scheme=scheme, media=media)
        page.set_viewport_size({"width": DESK, "height": 900})
        asked, faults = ask("contrast()")
        if not asked:
            yield f"{scheme}, {media}: no text"
        for fault in faults:
            yield f"contrast, {scheme}, {media}: {fault}"
    yield from (f"asks for {url}" for url in requests if url != path.as_uri())
    yield from (f"console: {error}" for error in errors)
    context.close()


faulty = 0
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox", "--disable-gpu"])
    for name in sys.argv[2:]:
        faults = list(look(browser, pathlib.Path(name).resolve()))
        faulty += bool(faults)
        print(
            "\n  ".join([f"{name}: {len(faults)} faults", *faults[:20]]) if faults else f"{name}: as it should be",
            flush=True,
        )
    browser.close()
sys.exit(1 if faulty else 0)
