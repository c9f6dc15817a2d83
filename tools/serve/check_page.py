"""Drives the page of `infer serve` in headless Chromium, with a screenshot.

    tools/python_env.sh serve && cargo build --release -p infer
    PYTHONPATH=.venv-serve/packages python3 tools/serve/check_page.py PICTURE SCREENSHOT.png [--model FILE]

Needs Chromium on the PATH (or in CHROMIUM).
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from service import DIGITS, INFER, fail, infer_serve

# What a drop of a file looks like to the page.
DROP = """(drop, [bytes, name]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(bytes)], name));
    drop.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("screenshot", type=Path)
    parser.add_argument("--model", type=Path, default=DIGITS)
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        fail("no Chromium was found", "install it, or set CHROMIUM to its path")
    with infer_serve(args.infer, args.model) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 800, "height": 800})
        problems = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://{address}/")
        page.wait_for_selector("#model option", state="attached")

        page.eval_on_selector("#drop", DROP, [list(args.picture.read_bytes()), args.picture.name])
        page.wait_for_selector("#classes tr")
        dropped = page.locator("#classes").inner_text()
        page.set_input_files("#file", args.picture)
        page.wait_for_function("document.querySelector('#status').textContent.endsWith('ms')")
        chosen = page.locator("#classes").inner_text()
        assert dropped == chosen, (dropped, chosen)
        print(chosen)
        page.screenshot(path=args.screenshot)

        assert not problems, problems
        text = {"name": "text.png", "mimeType": "image/png", "buffer": b"no picture"}
        page.set_input_files("#file", text)
        page.wait_for_selector("#status.error")
        assert page.locator("#classes tr").count() == 0
        print(page.locator("#status").inner_text())
        browser.close()


if __name__ == "__main__":
    main()
