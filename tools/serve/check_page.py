"""Drives the page of `infer serve` in headless Chromium, with screenshots.

    tools/python_env.sh serve && cargo build --release -p infer
    PYTHONPATH=.venv-serve/packages python3 tools/serve/check_page.py [PICTURE] [--model FILE] [--screenshots FOLDER]

Drops the picture, chooses it as a file, and gives the page what is no picture;
light, dark and on a telephone's width. Without Chromium (on the PATH, or in
CHROMIUM) it says so and does nothing.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from service import DIGITS, INFER, ROOT, infer_serve

# What a drop of a file looks like to the page.
DROP = """(drop, [bytes, name]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(bytes)], name));
    drop.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""
PICTURE = ROOT / "crates/infer/tests/fixtures/awkward/plain.jpg"
NO_PICTURE = {"name": "text.png", "mimeType": "image/png", "buffer": b"no picture"}
VIEWS = {
    "light": {"color_scheme": "light", "viewport": {"width": 800, "height": 720}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 800, "height": 720}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 720}},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path, nargs="?", default=PICTURE)
    parser.add_argument("--model", type=Path, default=DIGITS)
    parser.add_argument("--infer", type=Path, default=INFER)
    parser.add_argument("--screenshots", type=Path)
    args = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("skipped: no Chromium was found; install it, or set CHROMIUM to its path", file=sys.stderr)
        return
    if args.screenshots:
        args.screenshots.mkdir(parents=True, exist_ok=True)
    # A second model, so that there is something to choose.
    second = ["--model", f"second={args.model}"]
    with infer_serve(args.infer, args.model, *second) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, view in VIEWS.items():
            page = browser.new_page(**view)
            check(page, f"http://{address}/", args.picture, lambda state: shoot(page, args, name, state))
            page.close()
        browser.close()
    print("the page shows classes and errors, by drop and by choice")


def shoot(page, args, view, state):
    if args.screenshots:
        page.screenshot(path=args.screenshots / f"{view}-{state}.png")


def check(page, url, picture, shoot):
    """Uses the page as a person does; `shoot` takes a picture of a state."""
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    answered = page.locator("#status", has_text=re.compile(r"\d ms$"))
    page.goto(url)
    page.wait_for_selector("#model option", state="attached")
    shoot("empty")

    page.eval_on_selector("#drop", DROP, [list(picture.read_bytes()), picture.name])
    page.wait_for_selector("#classes tr")
    dropped = page.locator("#classes").inner_text()
    page.set_input_files("#file", picture)
    answered.wait_for()
    chosen = page.locator("#classes").inner_text()
    assert dropped == chosen, (dropped, chosen)
    assert page.locator("#classes tr").count() == 5
    shoot("classes")

    page.select_option("#model", "second")
    answered.wait_for()
    assert page.locator("#classes").inner_text() == chosen
    assert not problems, problems

    # The browser itself logs an answer of 400.
    page.set_input_files("#file", NO_PICTURE)
    page.wait_for_selector("#status.error")
    assert page.locator("#classes tr").count() == 0
    assert "image" in page.locator("#status").inner_text()
    shoot("error")
    # A good one follows, and the error is gone.
    page.set_input_files("#file", picture)
    page.wait_for_selector("#classes tr")
    assert page.locator("#status.error").count() == 0
    scrolls = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not scrolls, "the page is wider than the window"


if __name__ == "__main__":
    main()
